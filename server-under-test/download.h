/*
 * download - GET and HEAD of /-ID: the whole entry or ranges of it, streamed.
 */
#ifndef CHUNKSERVER_DOWNLOAD_H
#define CHUNKSERVER_DOWNLOAD_H

#include "http.h"

enum MHD_Result download_answer(struct request *r);

#endif
