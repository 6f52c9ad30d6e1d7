#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <unistd.h>

#include "agent.h"

static int say(char *why, size_t size, const char *what)
{
	snprintf(why, size, "cannot %s: %s", what, strerror(errno));
	return -1;
}

/* All folders of a path that can be made; what stands in the way shows in what follows. */
static void make_folders(char *path)
{
	for (char *at = strchr(path + 1, '/'); at != NULL; at = strchr(at + 1, '/')) {
		*at = '\0';
		mkdir(path, 0755);
		*at = '/';
	}
	mkdir(path, 0755);
}

static int mount_disk(void)
{
	mkdir(AGENT_DISK, 0755);
	return mount("/dev/vda", AGENT_DISK, "ext4", MS_NOATIME, "noinit_itable");
}

/* A folder of the disk, where the scenario's words say that it is. */
static int show(const char *name, char *path)
{
	char place[64];

	snprintf(place, sizeof(place), AGENT_DISK "/%s", name);
	mkdir(place, 0755);
	make_folders(path);
	return mount(place, path, NULL, MS_BIND, NULL);
}

static char ram_tmp[4096];

static int mount_ram_tmp(void)
{
	return mount("tmpfs", ram_tmp, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=100%");
}

void set_up_again(void)
{
	if (ram_tmp[0] != '\0' && umount2(ram_tmp, MNT_DETACH) == 0)
		mount_ram_tmp();
}

static int make_ram_tmp(char *path)
{
	make_folders(path);
	snprintf(ram_tmp, sizeof(ram_tmp), "%s", path);
	return mount_ram_tmp();
}

static int one_line(char *line, char *why, size_t size)
{
	char *value = strchr(line, ' ');

	if (value != NULL)
		*value++ = '\0';
	if (strcmp(line, "swap") == 0)
		return swapon("/dev/vdb", 0) == 0 ? 0 : say(why, size, "swap to the second disk");
	if (strcmp(line, "dirty_ratio") == 0)
		return look_put("/proc/sys/vm/dirty_ratio", value) == 0 &&
				       look_put("/proc/sys/vm/dirty_background_ratio", "1") == 0
			       ? 0
			       : say(why, size, "set vm.dirty_ratio");
	if (strcmp(line, "ram_tmp") == 0)
		return make_ram_tmp(value) == 0 ? 0 : say(why, size, "mount a RAM disk");
	return show(line, value) == 0 ? 0 : say(why, size, "mount the disk's folders");
}

int set_up(char *lines, char *why, size_t size)
{
	if (mount_disk() != 0)
		return say(why, size, "mount the disk");
	for (char *line = strtok(lines, "\n"); line != NULL; line = strtok(NULL, "\n"))
		if (one_line(line, why, size) != 0)
			return -1;
	return 0;
}

static void bring_up(int fd, const char *name, const char *address)
{
	struct ifreq request = { .ifr_flags = 0 };
	struct sockaddr_in *in = (struct sockaddr_in *)&request.ifr_addr;

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	in->sin_family = AF_INET;
	if (address != NULL) {
		inet_pton(AF_INET, address, &in->sin_addr);
		ioctl(fd, SIOCSIFADDR, &request);
		inet_pton(AF_INET, "255.255.255.0", &in->sin_addr);
		ioctl(fd, SIOCSIFNETMASK, &request);
	}
	request.ifr_flags = IFF_UP | IFF_RUNNING;
	ioctl(fd, SIOCSIFFLAGS, &request);
}

/*
 * The emulator sends what is forwarded to 127.0.0.1, where servers of scenarios
 * listen; from outside the kernel takes that with route_localnet only
 * (Documentation/networking/ip-sysctl.rst).
 */
void set_up_network(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	bring_up(fd, "lo", NULL);
	bring_up(fd, "eth0", "10.0.2.15");
	look_put("/proc/sys/net/ipv4/conf/eth0/route_localnet", "1");
	close(fd);
}
