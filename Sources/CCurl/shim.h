// libcurl, as the system has it; Outbound is its one owner. Its setters take variable arguments, which Swift cannot
// call, so each type of argument has a function here.
#ifndef ROLLOUTD_CCURL_SHIM_H
#define ROLLOUTD_CCURL_SHIM_H

#include <curl/curl.h>

typedef size_t (*ccurl_sink)(char *bytes, size_t size, size_t count, void *context);

static inline CURLcode ccurl_set_text(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode ccurl_set_number(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode ccurl_set_size(CURL *handle, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode ccurl_set_pointer(CURL *handle, CURLoption option, void *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode ccurl_set_sink(CURL *handle, CURLoption option, ccurl_sink value) {
    return curl_easy_setopt(handle, option, value);
}

static inline long ccurl_status(CURL *handle) {
    long status = 0;
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

static inline CURLMcode ccurl_set_connections(CURLM *multi, long count) {
    return curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, count);
}

/* The next exchange that ended, or NULL; its result goes where `result` points. */
static inline CURL *ccurl_next_done(CURLM *multi, CURLcode *result) {
    int left = 0;
    CURLMsg *message;
    while ((message = curl_multi_info_read(multi, &left)) != NULL) {
        if (message->msg == CURLMSG_DONE) {
            *result = message->data.result;
            return message->easy_handle;
        }
    }
    return NULL;
}

#endif
