import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;

/** PUT /NAME by the JDK's own HTTP server.  Mode: stream or keep. */
public class Uploads {
    static final List<byte[]> kept = new ArrayList<>();

    static void take(String mode, HttpExchange exchange) throws IOException {
        try (InputStream body = exchange.getRequestBody()) {
            String path = exchange.getRequestURI().getPath();
            if (path.equals("/collect")) {
                System.gc();
            } else if (exchange.getRequestMethod().equals("GET")) {
                body.readAllBytes();
            } else if (mode.equals("keep")) {
                byte[] all = body.readAllBytes();
                synchronized (kept) {
                    kept.add(all);
                }
            } else {
                Files.copy(body, Path.of(System.getenv("OOMRIG_DATA"), path));
            }
        }
        exchange.sendResponseHeaders(200, -1);
        exchange.close();
    }

    public static void main(String[] arguments) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", Integer.parseInt(arguments[1])), 0);
        server.createContext("/", exchange -> take(arguments[0], exchange));
        server.setExecutor(Executors.newFixedThreadPool(4));
        server.start();
    }
}
