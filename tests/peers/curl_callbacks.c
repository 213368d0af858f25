/* Preloaded into Debian's SyncEvolution 2.0.0, which hands curl_easy_setopt() two C++ lambda objects where libcurl expects
 * functions, and dies on its first POST. We hand over functions that call what the lambdas would have called: its own
 * CurlTransportAgent::readData and writeData. Everything else passes through. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

enum { WRITE_FUNCTION = 20011, READ_FUNCTION = 20012 };

typedef int (*setopt)(void *, int, ...);
typedef size_t (*transfer)(void *agent, void *bytes, size_t length);

static transfer read_data, write_data;

static size_t read_callback(char *bytes, size_t size, size_t count, void *agent) {
    return read_data(agent, bytes, size * count);
}

static size_t write_callback(char *bytes, size_t size, size_t count, void *agent) {
    return write_data(agent, bytes, size * count);
}

static int from_syncevolution(void *caller) {
    Dl_info info;
    return dladdr(caller, &info) && info.dli_fname && strstr(info.dli_fname, "libsyncevolution.so");
}

int curl_easy_setopt(void *handle, int option, ...) {
    va_list arguments;
    va_start(arguments, option);
    void *value = va_arg(arguments, void *);
    va_end(arguments);
    setopt real = (setopt)dlsym(RTLD_NEXT, "curl_easy_setopt");
    if ((option == READ_FUNCTION || option == WRITE_FUNCTION) && from_syncevolution(__builtin_return_address(0))) {
        read_data = (transfer)dlsym(RTLD_DEFAULT, "_ZN7SyncEvo18CurlTransportAgent8readDataEPvm");
        write_data = (transfer)dlsym(RTLD_DEFAULT, "_ZN7SyncEvo18CurlTransportAgent9writeDataEPvm");
        if (read_data && write_data) value = option == READ_FUNCTION ? (void *)read_callback : (void *)write_callback;
    }
    return real(handle, option, value);
}
