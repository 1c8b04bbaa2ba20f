/* A call as a SOAP-RFC request to the sandbox SAP, and its answer as the values of the function. */
#define _GNU_SOURCE
#include "interface.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- text that grows ------------------------------------------------------------------------ */

typedef struct { char *text; size_t length, room; } buffer;

static void add_bytes(buffer *to, const char *text, size_t length) {
    if (to->length + length + 1 > to->room) {
        to->room = (to->length + length + 1) * 2;
        to->text = realloc(to->text, to->room);
    }
    memcpy(to->text + to->length, text, length);
    to->length += length;
    to->text[to->length] = 0;
}
static void add(buffer *to, const char *text) { add_bytes(to, text, strlen(text)); }

static void add_escaped(buffer *to, const char *text) {
    for (; *text; text++)
        if (*text == '<') add(to, "&lt;");
        else if (*text == '>') add(to, "&gt;");
        else if (*text == '&') add(to, "&amp;");
        else add_bytes(to, text, 1);
}

static void tag(buffer *to, const char *open, const char *name) {
    add(to, open); add(to, name); add(to, ">");
}

static void write_fields(buffer *to, container *of, int parameters);

static void write_value(buffer *to, value *from, field *of) {
    if (of->kind == T_STRUCTURE) write_fields(to, from->inside, 0);
    else if (of->kind == T_TABLE)
        for (unsigned i = 0; i < from->rows->count; i++) {
            tag(to, "<", "item"); write_fields(to, from->rows->rows[i], 0); tag(to, "</", "item");
        }
    else {
        char *text = value_text(from, of);
        /* What is initial stays out, as a caller of SOAP leaves it out. */
        int initial = (of->kind == T_DATE && !strcmp(text, "0000-00-00"))
            || (of->kind == T_NUM && strspn(text, "0") == strlen(text))
            || (of->kind == T_BCD && !strcmp(text, "0"));
        if (!initial) add_escaped(to, text);
        free(text);
    }
}

static void write_fields(buffer *to, container *of, int parameters) {
    for (unsigned i = 0; i < of->of->count; i++) {
        field *told = &of->of->fields[i];
        if (parameters && told->direction == RFC_EXPORT) continue;
        if (!*told->name) { write_value(to, &of->values[i], told); continue; }
        tag(to, "<", told->name);
        write_value(to, &of->values[i], told);
        tag(to, "</", told->name);
    }
}

/* ---- XML, as far as the sandbox writes it ------------------------------------------------- */

typedef struct node { char name[64]; char *text; struct node *first, *next; } node;

static void node_free(node *gone) {
    while (gone) {
        node *next = gone->next;
        node_free(gone->first);
        free(gone->text);
        free(gone);
        gone = next;
    }
}

static void unescape(char *text) {
    static const char *const NAMES[] = {"&lt;", "&gt;", "&amp;", "&quot;", "&apos;", "&#10;", "&#9;"};
    static const char LETTERS[] = "<>&\"'\n\t";
    char *to = text;
    while (*text) {
        unsigned i = 0;
        for (; i < sizeof LETTERS - 1; i++) if (!strncmp(text, NAMES[i], strlen(NAMES[i]))) break;
        if (i < sizeof LETTERS - 1) { *to++ = LETTERS[i]; text += strlen(NAMES[i]); }
        else *to++ = *text++;
    }
    *to = 0;
}

/* The content up to the closing tag; `at` moves behind it. */
static node *children(const char **at, char **text) {
    node *first = NULL, **last = &first;
    buffer said = {0};
    add(&said, "");
    while (**at) {
        if (**at != '<') { const char *end = strchr(*at, '<'); if (!end) break; add_bytes(&said, *at, (size_t)(end - *at)); *at = end; continue; }
        const char *end = strchr(*at, '>');
        if (!end) break;
        if ((*at)[1] == '/') { *at = end + 1; break; }
        if ((*at)[1] == '?' || (*at)[1] == '!') { *at = end + 1; continue; }
        node *made = calloc(1, sizeof *made);
        const char *name = *at + 1, *stop = name + strcspn(name, " />"), *colon = memchr(name, ':', (size_t)(stop - name));
        if (colon) name = colon + 1;
        snprintf(made->name, sizeof made->name, "%.*s", (int)(stop - name), name);
        int empty = end[-1] == '/';
        *at = end + 1;
        if (empty) made->text = strdup("");
        else made->first = children(at, &made->text);
        *last = made;
        last = &made->next;
    }
    unescape(said.text);
    *text = said.text;
    return first;
}

static node *find(node *among, const char *name) {
    for (; among; among = among->next) if (!strcmp(among->name, name)) return among;
    return NULL;
}

static void read_fields(container *to, node *from, int parameters);

static void read_value(value *to, field *of, node *from) {
    if (of->kind == T_STRUCTURE) read_fields(to->inside, from->first, 0);
    else if (of->kind == T_TABLE) {
        for (unsigned i = 0; i < to->rows->count; i++) container_free(to->rows->rows[i]);
        to->rows->count = 0;
        for (node *item = from->first; item; item = item->next) read_fields(table_append(to->rows), item->first, 0);
    } else value_set_text(to, of, from->text);
}

static void read_fields(container *to, node *from, int parameters) {
    for (unsigned i = 0; i < to->of->count; i++) {
        field *told = &to->of->fields[i];
        if (parameters && told->direction == RFC_IMPORT) continue;
        node *found = find(from, told->name);
        if (found) read_value(&to->values[i], told, found);
    }
}

/* ---- HTTP ------------------------------------------------------------------------------------ */

static void base64(buffer *to, const char *text) {
    static const char LETTERS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t length = strlen(text);
    for (size_t i = 0; i < length; i += 3) {
        unsigned bits = (unsigned char)text[i] << 16;
        if (i + 1 < length) bits |= (unsigned char)text[i + 1] << 8;
        if (i + 2 < length) bits |= (unsigned char)text[i + 2];
        char four[4] = {LETTERS[bits >> 18], LETTERS[bits >> 12 & 63], i + 1 < length ? LETTERS[bits >> 6 & 63] : '=',
                        i + 2 < length ? LETTERS[bits & 63] : '='};
        add_bytes(to, four, 4);
    }
}

static int read_target(char *host, size_t room, int *port) {
    char path[4200], line[256];
    snprintf(path, sizeof path, "%s/target", folder);
    FILE *file = fopen(path, "r");
    if (!file) return 0;
    int there = fgets(line, sizeof line, file) != NULL;
    fclose(file);
    char *colon = there ? strrchr(line, ':') : NULL;
    if (!colon) return 0;
    *port = atoi(colon + 1);
    *colon = 0;
    snprintf(host, room, "%s", line);
    return 1;
}

/* The answer with its head, or NULL if there was none. */
static char *post(const char *path, const char *user, const char *password, const char *context, const char *body) {
    char host[256], line[512];
    int port;
    if (!read_target(host, sizeof host, &port)) return NULL;
    int line_to = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    inet_pton(AF_INET, host, &to.sin_addr);
    if (connect(line_to, (struct sockaddr *)&to, sizeof to)) { close(line_to); return NULL; }
    buffer request = {0}, pair = {0}, proof = {0}, answer = {0};
    add(&pair, user); add(&pair, ":"); add(&pair, password);
    base64(&proof, pair.text);
    snprintf(line, sizeof line, "POST %s HTTP/1.1\r\nHost: %s:%d\r\nConnection: close\r\nContent-Type: text/xml; charset=utf-8\r\n"
             "Content-Length: %zu\r\n", path, host, port, strlen(body));
    add(&request, line);
    add(&request, "Authorization: Basic "); add(&request, proof.text); add(&request, "\r\n");
    if (*context) { add(&request, "Cookie: sap-contextid="); add(&request, context); add(&request, "\r\n"); }
    add(&request, "\r\n"); add(&request, body);
    for (size_t sent = 0; sent < request.length;) {
        ssize_t n = send(line_to, request.text + sent, request.length - sent, MSG_NOSIGNAL);
        if (n <= 0) break;
        sent += (size_t)n;
    }
    char part[8192];
    for (ssize_t n; (n = recv(line_to, part, sizeof part, 0)) > 0;) add_bytes(&answer, part, (size_t)n);
    close(line_to);
    free(request.text); free(pair.text); free(proof.text);
    if (!answer.length || !strstr(answer.text, "\r\n\r\n")) { free(answer.text); return NULL; }
    return answer.text;
}

RFC_RC soap_call(const char *user, const char *password, const char *client, char *context, container *function,
                 const char *name, int deliver_answer, RFC_ERROR_INFO *info) {
    buffer body = {0};
    add(&body, "<?xml version=\"1.0\" encoding=\"utf-8\"?><SOAP-ENV:Envelope xmlns:SOAP-ENV=\"http://schemas.xmlsoap.org/soap/envelope/\" "
               "xmlns:urn=\"urn:sap-com:document:sap:rfc:functions\"><SOAP-ENV:Header><s:Session "
               "xmlns:s=\"http://www.sap.com/webas/630/soap/features/session/\"><enableSession>true</enableSession></s:Session>"
               "</SOAP-ENV:Header><SOAP-ENV:Body>");
    tag(&body, "<urn:", name);
    if (function) write_fields(&body, function, 1);
    tag(&body, "</urn:", name);
    add(&body, "</SOAP-ENV:Body></SOAP-ENV:Envelope>");
    char path[128];
    snprintf(path, sizeof path, "/sap/bc/soap/rfc?sap-client=%s&sap-language=EN", client);
    char *answer = post(path, user, password, context, body.text);
    free(body.text);
    if (!answer) return fail(info, RFC_COMMUNICATION_FAILURE, GROUP_COMMUNICATION, "RFC_COMMUNICATION_FAILURE", "partner not reached");
    int status = atoi(answer + 9);
    if (status == 401) {
        free(answer);
        return fail(info, RFC_LOGON_FAILURE, GROUP_LOGON, "RFC_LOGON_FAILURE", "Name or password is incorrect (repeat logon)");
    }
    char *cookie = strcasestr(answer, "set-cookie: sap-contextid=");
    if (cookie) snprintf(context, 64, "%.*s", (int)strcspn(cookie + 26, ";\r"), cookie + 26);
    const char *at = strstr(answer, "\r\n\r\n") + 4;
    char *outside;
    node *root = children(&at, &outside), *envelope = find(root, "Envelope");
    node *inside = envelope ? find(envelope->first, "Body") : NULL;
    inside = inside ? inside->first : NULL;
    RFC_RC rc = RFC_OK;
    if (!inside) rc = fail(info, RFC_COMMUNICATION_FAILURE, GROUP_COMMUNICATION, "", "no RFC answer");
    else if (!strcmp(inside->name, "Fault")) {
        node *text = find(inside->first, "faultstring");
        const char *said = text ? text->text : "";
        /* Names of exceptions are words of capitals; anything else is a dump. */
        int exception = *said && strspn(said, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == strlen(said);
        /* A missing right in S_RFC comes as a runtime failure with this key. */
        rc = !strncmp(said, "RFC_NO_AUTHORITY", 16)
            ? fail(info, RFC_ABAP_RUNTIME_FAILURE, GROUP_ABAP_RUNTIME, "RFC_NO_AUTHORITY", said)
            : exception ? fail(info, RFC_ABAP_EXCEPTION, GROUP_ABAP_APPLICATION, said, said)
                       : fail(info, RFC_ABAP_RUNTIME_FAILURE, GROUP_ABAP_RUNTIME, "RUNTIME_ERROR", said);
    } else if (deliver_answer && function) read_fields(function, inside->first, 1);
    node_free(root);
    free(outside);
    free(answer);
    return rc;
}
