/* Gives a program names of its own before those of the machine: lines "ADDRESS NAME" of a file that is read anew for every
   lookup, since it may change at any time. Names under .test are nobody else's (RFC 6761), so nobody else is asked for them. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int lookup(const char *, const char *, const struct addrinfo *, struct addrinfo **);

static int is_ours(const char *name) {
    size_t length = strlen(name);
    return length >= 5 && !strcmp(name + length - 5, ".test");
}

int getaddrinfo(const char *restrict name, const char *restrict service, const struct addrinfo *restrict hints,
                struct addrinfo **restrict found) {
    lookup *of_machine = (lookup *)dlsym(RTLD_NEXT, "getaddrinfo");
    if (!name || !is_ours(name)) {
        return of_machine(name, service, hints, found);
    }
    const char *path = getenv("TEST_HOSTS");
    FILE *file = path ? fopen(path, "re") : NULL;
    if (!file) {
        return EAI_SYSTEM;
    }
    struct addrinfo *first = NULL, **end = &first;
    char address[64], of[256];
    while (fscanf(file, "%63s %255s", address, of) == 2) {
        if (!strcmp(of, name) && !of_machine(address, service, hints, end)) {
            while (*end) {
                end = &(*end)->ai_next;
            }
        }
    }
    fclose(file);
    *found = first;
    return first ? 0 : EAI_NONAME;
}
