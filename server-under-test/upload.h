/*
 * upload - POST (multipart, field `file`) and PUT (raw body) of /api/entry.
 *
 * Life cycle: a begin function at the headers, the matching write function for
 * each piece of the body, upload_answer at its end, upload_free in any case:
 * an upload that was not answered with an id leaves nothing behind.
 */
#ifndef CHUNKSERVER_UPLOAD_H
#define CHUNKSERVER_UPLOAD_H

#include <stddef.h>

#include "http.h"

void upload_begin_form(struct request *r);
void upload_write_form(struct request *r, const char *data, size_t len);
void upload_begin_raw(struct request *r);
void upload_write_raw(struct request *r, const char *data, size_t len);
enum MHD_Result upload_answer(struct request *r);
void upload_free(struct upload *upload);

#endif
