/* Containers, structures, tables: the part of the interface that moves values. */
#include "interface.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONTAINER 0xC0DEC0DEu
#define TABLE 0x7AB1E7ABu

/* ---- text -------------------------------------------------------------------------------- */

SAP_UC *uc_of(const char *text, unsigned *length) {
    const unsigned char *from = (const unsigned char *)text;
    SAP_UC *to = calloc(strlen(text) + 1, sizeof *to);
    unsigned n = 0;
    while (*from) {
        unsigned code = *from++, more = code < 0x80 ? 0 : code < 0xE0 ? 1 : code < 0xF0 ? 2 : 3;
        if (more) code &= 0x3F >> more;
        while (more-- && *from) code = code << 6 | (*from++ & 0x3F);
        if (code < 0x10000) to[n++] = (SAP_UC)code;
        else { code -= 0x10000; to[n++] = 0xD800 | code >> 10; to[n++] = 0xDC00 | (code & 0x3FF); }
    }
    if (length) *length = n;
    return to;
}

char *from_uc(const SAP_UC *text, long length) {
    if (length < 0) for (length = 0; text[length]; length++) {}
    char *to = malloc((size_t)length * 4 + 1), *at = to;
    for (long i = 0; i < length; i++) {
        unsigned code = text[i];
        if (code >= 0xD800 && code < 0xDC00 && i + 1 < length)
            code = 0x10000 + ((code & 0x3FF) << 10) + (text[++i] & 0x3FF);
        if (code < 0x80) *at++ = (char)code;
        else if (code < 0x800) { *at++ = (char)(0xC0 | code >> 6); *at++ = (char)(0x80 | (code & 0x3F)); }
        else if (code < 0x10000) {
            *at++ = (char)(0xE0 | code >> 12); *at++ = (char)(0x80 | (code >> 6 & 0x3F));
            *at++ = (char)(0x80 | (code & 0x3F));
        } else {
            *at++ = (char)(0xF0 | code >> 18); *at++ = (char)(0x80 | (code >> 12 & 0x3F));
            *at++ = (char)(0x80 | (code >> 6 & 0x3F)); *at++ = (char)(0x80 | (code & 0x3F));
        }
    }
    *at = 0;
    return to;
}

void to_uc(const char *text, SAP_UC *to, size_t room) {
    unsigned length;
    SAP_UC *all = uc_of(text, &length);
    if (length >= room) length = (unsigned)room - 1;
    memcpy(to, all, length * sizeof *to);
    to[length] = 0;
    free(all);
}

/* ---- containers -------------------------------------------------------------------------- */

static table *table_new(type *of) {
    table *made = calloc(1, sizeof *made);
    made->magic = TABLE;
    made->of = of;
    return made;
}

static int is_text(RFCTYPE kind) {
    return kind == T_CHAR || kind == T_DATE || kind == T_TIME || kind == T_NUM || kind == T_BCD
        || kind == T_DECF16 || kind == T_DECF34 || kind == T_STRING || kind == T_UTCLONG;
}

container *container_new(type *of) {
    container *made = calloc(1, sizeof *made);
    made->magic = CONTAINER;
    made->of = of;
    made->values = calloc(of->count ? of->count : 1, sizeof *made->values);
    for (unsigned i = 0; i < of->count; i++) {
        field *told = &of->fields[i];
        value *place = &made->values[i];
        if (told->kind == T_STRUCTURE) place->inside = container_new(told->line);
        else if (told->kind == T_TABLE) place->rows = table_new(told->line);
        else if (is_text(told->kind)) value_set_text(place, told, "");
        else if (told->kind == T_BYTE) place->bytes = calloc(told->length, 1), place->length = told->length;
    }
    return made;
}

static void table_free(table *gone) {
    for (unsigned i = 0; i < gone->count; i++) container_free(gone->rows[i]);
    free(gone->rows);
    gone->magic = 0;
    free(gone);
}

void container_free(container *gone) {
    for (unsigned i = 0; i < gone->of->count; i++) {
        value *place = &gone->values[i];
        free(place->text);
        free(place->bytes);
        if (place->inside) container_free(place->inside);
        if (place->rows) table_free(place->rows);
    }
    free(gone->values);
    gone->magic = 0;
    free(gone);
}

container *table_append(table *to) {
    if (to->count == to->room) {
        to->room = to->room ? to->room * 2 : 4;
        to->rows = realloc(to->rows, to->room * sizeof *to->rows);
    }
    to->at = to->count;
    return to->rows[to->count++] = container_new(to->of);
}

value *value_named(container *of, const char *name, field **told) {
    for (unsigned i = 0; i < of->of->count; i++)
        if (!strcmp(of->of->fields[i].name, name)) {
            if (told) *told = &of->of->fields[i];
            return &of->values[i];
        }
    return NULL;
}

/* A text in the form of SOAP into a place of any elementary type. */
void value_set_text(value *to, const field *of, const char *text) {
    char plain[64];
    if (of->kind == T_INT || of->kind == T_INT1 || of->kind == T_INT2 || of->kind == T_INT8) {
        to->integer = atoll(text);
        return;
    }
    if (of->kind == T_FLOAT) { to->number = atof(text); return; }
    if (of->kind == T_DATE || of->kind == T_TIME) {
        unsigned n = 0, want = of->kind == T_DATE ? 8 : 6;
        for (; *text && n < want; text++) if (*text >= '0' && *text <= '9') plain[n++] = *text;
        while (n < want) plain[n++] = '0';
        plain[n] = 0;
        text = plain;
    }
    if (of->kind == T_NUM) {
        size_t n = strlen(text), want = of->length < 60 ? of->length : 60;
        memset(plain, '0', want);
        plain[want] = 0;
        if (n <= want) memcpy(plain + want - n, text, n);
        text = plain;
    }
    if (of->kind == T_BCD && !*text) text = "0";
    free(to->text);
    to->text = uc_of(text, &to->length);
    if (of->kind == T_CHAR) { /* blank-padded to its length, and cut there */
        SAP_UC *padded = calloc(of->length + 1, sizeof *padded);
        for (unsigned i = 0; i < of->length; i++) padded[i] = i < to->length ? to->text[i] : ' ';
        free(to->text);
        to->text = padded;
        to->length = of->length;
    }
}

char *value_text(const value *from, const field *of) {
    char shown[64];
    switch (of->kind) {
    case T_INT: case T_INT1: case T_INT2: case T_INT8:
        snprintf(shown, sizeof shown, "%lld", (long long)from->integer);
        return strdup(shown);
    case T_FLOAT:
        snprintf(shown, sizeof shown, "%.17g", from->number);
        return strdup(shown);
    case T_BYTE: case T_XSTRING: {
        char *hex = calloc(from->length * 2 + 1, 1);
        for (unsigned i = 0; i < from->length; i++) sprintf(hex + 2 * i, "%02X", from->bytes[i]);
        return hex;
    }
    default: {
        unsigned length = from->length;
        while (length && from->text[length - 1] == ' ') length--;
        char *text = from_uc(from->text, (long)length), *done;
        if (of->kind == T_DATE && strlen(text) == 8) {
            done = malloc(11);
            snprintf(done, 11, "%.4s-%.2s-%.2s", text, text + 4, text + 6);
        } else if (of->kind == T_TIME && strlen(text) == 6) {
            done = malloc(9);
            snprintf(done, 9, "%.2s:%.2s:%.2s", text, text + 2, text + 4);
        } else return text;
        free(text);
        return done;
    }
    }
}

/* ---- the interface ----------------------------------------------------------------------- */

/* A handle is a container, or a table that stands for its current row. */
static container *row_of(void *handle) {
    container *here = handle;
    if (!here) return NULL;
    if (here->magic == CONTAINER) return here;
    table *rows = handle;
    if (rows->magic == TABLE && rows->at < rows->count) return rows->rows[rows->at];
    return NULL;
}

static value *place(void *handle, const SAP_UC *name, field **told, RFC_ERROR_INFO *info) {
    container *here = row_of(handle);
    if (!here) {
        fail(info, RFC_INVALID_HANDLE, GROUP_EXTERNAL_RUNTIME, "", "no container");
        return NULL;
    }
    char *plain = from_uc(name, -1);
    value *found = value_named(here, plain, told);
    if (!found) {
        char text[256];
        snprintf(text, sizeof text, "field '%.60s' not found", plain);
        fail(info, RFC_INVALID_PARAMETER, GROUP_EXTERNAL_RUNTIME, "RFC_INVALID_PARAMETER", text);
    }
    free(plain);
    return found;
}

static RFC_RC set_text(void *handle, const SAP_UC *name, const SAP_UC *text, unsigned length, RFC_ERROR_INFO *info) {
    field *told;
    value *to = place(handle, name, &told, info);
    if (!to) return info->code;
    if ((told->kind == T_CHAR || told->kind == T_NUM) && length > told->length)
        return fail(info, RFC_CONVERSION_FAILURE, GROUP_EXTERNAL_RUNTIME, "", "value too long");
    if (!is_text(told->kind)) return fail(info, RFC_CONVERSION_FAILURE, GROUP_EXTERNAL_RUNTIME, "", "no text field");
    char *plain = from_uc(text, (long)length);
    value_set_text(to, told, plain);
    free(plain);
    return RFC_OK;
}
RFC_RC RfcSetChars(void *h, const SAP_UC *n, const SAP_UC *t, unsigned l, RFC_ERROR_INFO *i) { return set_text(h, n, t, l, i); }
RFC_RC RfcSetNum(void *h, const SAP_UC *n, const SAP_UC *t, unsigned l, RFC_ERROR_INFO *i) { return set_text(h, n, t, l, i); }
RFC_RC RfcSetString(void *h, const SAP_UC *n, const SAP_UC *t, unsigned l, RFC_ERROR_INFO *i) { return set_text(h, n, t, l, i); }
RFC_RC RfcSetDate(void *h, const SAP_UC *n, const SAP_UC *t, RFC_ERROR_INFO *i) { return set_text(h, n, t, 8, i); }
RFC_RC RfcSetTime(void *h, const SAP_UC *n, const SAP_UC *t, RFC_ERROR_INFO *i) { return set_text(h, n, t, 6, i); }

static RFC_RC set_bytes(void *handle, const SAP_UC *name, const uint8_t *bytes, unsigned length, RFC_ERROR_INFO *info) {
    field *told;
    value *to = place(handle, name, &told, info);
    if (!to) return info->code;
    if (told->kind == T_BYTE && length > told->length)
        return fail(info, RFC_CONVERSION_FAILURE, GROUP_EXTERNAL_RUNTIME, "", "too many bytes");
    unsigned room = told->kind == T_BYTE ? told->length : length;
    free(to->bytes);
    to->bytes = calloc(room ? room : 1, 1);
    if (length) memcpy(to->bytes, bytes, length);
    to->length = room;
    return RFC_OK;
}
RFC_RC RfcSetBytes(void *h, const SAP_UC *n, const uint8_t *b, unsigned l, RFC_ERROR_INFO *i) { return set_bytes(h, n, b, l, i); }
RFC_RC RfcSetXString(void *h, const SAP_UC *n, const uint8_t *b, unsigned l, RFC_ERROR_INFO *i) { return set_bytes(h, n, b, l, i); }

#define SETTER(name, argument, member) \
    RFC_RC name(void *handle, const SAP_UC *of, argument given, RFC_ERROR_INFO *info) { \
        value *to = place(handle, of, NULL, info); \
        if (!to) return info->code; \
        to->member = given; \
        return RFC_OK; \
    }
SETTER(RfcSetInt, int32_t, integer)
SETTER(RfcSetInt8, int64_t, integer)
SETTER(RfcSetFloat, double, number)

static RFC_RC get_units(void *handle, const SAP_UC *name, SAP_UC *buffer, unsigned length, RFC_ERROR_INFO *info) {
    field *told;
    value *from = place(handle, name, &told, info);
    if (!from) return info->code;
    for (unsigned i = 0; i < length; i++) buffer[i] = i < from->length ? from->text[i] : ' ';
    return from->length > length ? fail(info, RFC_BUFFER_TOO_SMALL, GROUP_EXTERNAL_RUNTIME, "", "buffer too small") : RFC_OK;
}
RFC_RC RfcGetChars(void *h, const SAP_UC *n, SAP_UC *b, unsigned l, RFC_ERROR_INFO *i) { return get_units(h, n, b, l, i); }
RFC_RC RfcGetNum(void *h, const SAP_UC *n, SAP_UC *b, unsigned l, RFC_ERROR_INFO *i) { return get_units(h, n, b, l, i); }
RFC_RC RfcGetDate(void *h, const SAP_UC *n, SAP_UC *b, RFC_ERROR_INFO *i) { return get_units(h, n, b, 8, i); }
RFC_RC RfcGetTime(void *h, const SAP_UC *n, SAP_UC *b, RFC_ERROR_INFO *i) { return get_units(h, n, b, 6, i); }

RFC_RC RfcGetString(void *handle, const SAP_UC *name, SAP_UC *buffer, unsigned length, unsigned *used, RFC_ERROR_INFO *info) {
    field *told;
    value *from = place(handle, name, &told, info);
    if (!from) return info->code;
    int kind = fault("string", NULL, 0);
    if (kind == F_TOO_LONG) { *used = length + 1000; return RFC_OK; } /* a length that is a lie */
    if (kind == F_TOO_SMALL || from->length + 1 > length) {
        *used = kind == F_TOO_SMALL ? length + 64 : from->length + 1;
        return fail(info, RFC_BUFFER_TOO_SMALL, GROUP_EXTERNAL_RUNTIME, "", "buffer too small");
    }
    memcpy(buffer, from->text, (from->length + 1) * sizeof *buffer);
    *used = from->length;
    return RFC_OK;
}

RFC_RC RfcGetXString(void *handle, const SAP_UC *name, uint8_t *buffer, unsigned length, unsigned *used, RFC_ERROR_INFO *info) {
    value *from = place(handle, name, NULL, info);
    if (!from) return info->code;
    *used = from->length;
    if (from->length > length) return fail(info, RFC_BUFFER_TOO_SMALL, GROUP_EXTERNAL_RUNTIME, "", "buffer too small");
    if (from->length) memcpy(buffer, from->bytes, from->length);
    return RFC_OK;
}

RFC_RC RfcGetStringLength(void *handle, const SAP_UC *name, unsigned *length, RFC_ERROR_INFO *info) {
    value *from = place(handle, name, NULL, info);
    if (!from) return info->code;
    *length = from->length;
    return RFC_OK;
}

RFC_RC RfcGetBytes(void *handle, const SAP_UC *name, uint8_t *buffer, unsigned length, RFC_ERROR_INFO *info) {
    value *from = place(handle, name, NULL, info);
    if (!from) return info->code;
    memset(buffer, 0, length);
    if (from->bytes) memcpy(buffer, from->bytes, from->length < length ? from->length : length);
    return RFC_OK;
}

#define GETTER(name, type, member) \
    RFC_RC name(void *handle, const SAP_UC *of, type *to, RFC_ERROR_INFO *info) { \
        value *from = place(handle, of, NULL, info); \
        if (!from) return info->code; \
        *to = (type)from->member; \
        return RFC_OK; \
    }
GETTER(RfcGetInt, int32_t, integer)
GETTER(RfcGetInt1, uint8_t, integer)
GETTER(RfcGetInt2, int16_t, integer)
GETTER(RfcGetInt8, int64_t, integer)
GETTER(RfcGetFloat, double, number)

RFC_RC RfcGetStructure(void *handle, const SAP_UC *name, void **to, RFC_ERROR_INFO *info) {
    value *from = place(handle, name, NULL, info);
    if (!from) return info->code;
    *to = from->inside;
    return *to ? RFC_OK : fail(info, RFC_CONVERSION_FAILURE, GROUP_EXTERNAL_RUNTIME, "", "no structure");
}

RFC_RC RfcGetTable(void *handle, const SAP_UC *name, void **to, RFC_ERROR_INFO *info) {
    value *from = place(handle, name, NULL, info);
    if (!from) return info->code;
    *to = from->rows;
    return *to ? RFC_OK : fail(info, RFC_CONVERSION_FAILURE, GROUP_EXTERNAL_RUNTIME, "", "no table");
}

static table *rows_of(void *handle, RFC_ERROR_INFO *info) {
    table *rows = handle;
    if (rows && rows->magic == TABLE) return rows;
    fail(info, RFC_INVALID_HANDLE, GROUP_EXTERNAL_RUNTIME, "", "no table");
    return NULL;
}

RFC_RC RfcGetRowCount(void *handle, unsigned *count, RFC_ERROR_INFO *info) {
    table *rows = rows_of(handle, info);
    if (!rows) return info->code;
    *count = rows->count;
    return RFC_OK;
}

RFC_RC RfcMoveTo(void *handle, unsigned at, RFC_ERROR_INFO *info) {
    table *rows = rows_of(handle, info);
    if (!rows) return info->code;
    if (at >= rows->count) return fail(info, RFC_TABLE_MOVE_EOF, GROUP_EXTERNAL_RUNTIME, "", "behind the last row");
    rows->at = at;
    return RFC_OK;
}

void *RfcAppendNewRow(void *handle, RFC_ERROR_INFO *info) {
    table *rows = rows_of(handle, info);
    return rows ? table_append(rows) : NULL;
}
