/* Connections, calls, transactions, and what goes wrong on order. */
#define _GNU_SOURCE
#include "interface.h"
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONNECTION 0xC011EC70u
#define CALLS_MAX 16

typedef struct connection {
    unsigned magic;
    char user[64], password[64], client[8], context[64], description[32];
    int dead, cancelled, busy;
    struct connection *next;
} connection;

typedef struct { connection *on; char tid[25]; char *names[CALLS_MAX]; container *calls[CALLS_MAX]; unsigned count; } transaction;

char folder[4096];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static connection *open_ones;
static struct { int connections, functions, transactions, opened, invoked, pings, resets, cancelled, described, tids; } now;

static void path_of(const char *name, char *to, size_t room) { snprintf(to, room, "%s/%s", folder, name); }

__attribute__((constructor)) static void where(void) {
    Dl_info here;
    if (dladdr((void *)(uintptr_t)&where, &here)) snprintf(folder, sizeof folder, "%s", here.dli_fname);
    char *end = strrchr(folder, '/');
    if (end) *end = 0;
}

/* Under the lock. */
static void tell(void) {
    char path[4200], new[4210];
    path_of("handles", path, sizeof path);
    snprintf(new, sizeof new, "%s.new", path);
    FILE *file = fopen(new, "w");
    if (!file) return;
    fprintf(file, "connections %d\nfunctions %d\ntransactions %d\nopened %d\ninvoked %d\npings %d\nresets %d\ncancelled %d\ndescribed %d\n",
            now.connections, now.functions, now.transactions, now.opened, now.invoked, now.pings, now.resets, now.cancelled, now.described);
    fclose(file);
    rename(new, path);
}

static void count(int *what, int by) {
    pthread_mutex_lock(&lock);
    *what += by;
    tell();
    pthread_mutex_unlock(&lock);
}

RFC_RC fail(RFC_ERROR_INFO *info, RFC_RC code, RFC_ERROR_GROUP group, const char *key, const char *text) {
    memset(info, 0, sizeof *info);
    info->code = code;
    info->group = group;
    to_uc(key, info->key, 128);
    to_uc(text, info->message, 512);
    return code;
}

/* ---- faults ------------------------------------------------------------------------------- */

static const char *const KINDS[] = {"none", "comm", "lost", "dump", "message", "exception", "auth", "slow", "too-small",
                                    "too-long", "logon", "snc", "dead", "missing"};

static struct { char operation[16]; int count; } asked[16];

int fault(const char *operation, char *argument, size_t room) {
    char path[4200], line[256];
    pthread_mutex_lock(&lock);
    int number = 0;
    for (unsigned i = 0; i < 16; i++) {
        if (!asked[i].operation[0]) snprintf(asked[i].operation, sizeof asked[i].operation, "%s", operation);
        if (!strcmp(asked[i].operation, operation)) { number = ++asked[i].count; break; }
    }
    pthread_mutex_unlock(&lock);
    path_of("faults", path, sizeof path);
    FILE *file = fopen(path, "r");
    if (!file) return F_NONE;
    int found = F_NONE;
    while (!found && fgets(line, sizeof line, file)) {
        char of[32] = "", at[16] = "", kind[32] = "", more[128] = "";
        if (sscanf(line, "%31s %15s %31s %127[^\n]", of, at, kind, more) < 3 || strcmp(of, operation)) continue;
        if (strcmp(at, "*") && atoi(at) != number) continue;
        for (int i = 1; i < (int)(sizeof KINDS / sizeof *KINDS); i++) if (!strcmp(kind, KINDS[i])) found = i;
        if (argument) snprintf(argument, room, "%s", more);
    }
    fclose(file);
    return found;
}

/* A number or word that the library tells of itself, if the faults say another: "version * 7500 0 3". */
static int told(const char *what, char *to, size_t room) {
    char path[4200], line[256];
    size_t length = strlen(what);
    path_of("faults", path, sizeof path);
    FILE *file = fopen(path, "r");
    int found = 0;
    while (file && !found && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = 0;
        if (!strncmp(line, what, length) && line[length] == ' ') { snprintf(to, room, "%s", line + length + 1); found = 1; }
    }
    if (file) fclose(file);
    return found;
}

/* ---- what the library says of itself ---------------------------------------------------------- */

const SAP_UC *RfcGetVersion(unsigned *major, unsigned *minor, unsigned *patch) {
    char text[64];
    *major = 7500; *minor = 0; *patch = 12;
    if (told("version", text, sizeof text)) sscanf(text, "%u %u %u", major, minor, patch);
    static SAP_UC shown[32];
    to_uc("7500.0.12", shown, 32);
    return shown;
}

static const SAP_UC *constant(const char *text) {
    static SAP_UC kept[128][48];
    static unsigned count_kept;
    pthread_mutex_lock(&lock);
    SAP_UC wanted[48] = {0};
    to_uc(text, wanted, 48);
    unsigned i = 0;
    while (i < count_kept && memcmp(kept[i], wanted, sizeof wanted)) i++;
    if (i == count_kept && count_kept < 127) memcpy(kept[count_kept++], wanted, sizeof wanted);
    pthread_mutex_unlock(&lock);
    return kept[i];
}

const SAP_UC *RfcGetTypeAsString(int type) {
    static const struct { int number; const char *name; } NAMES[] = {
        {0, "CHAR"}, {1, "DATE"}, {2, "BCD"}, {3, "TIME"}, {4, "BYTE"}, {5, "TABLE"}, {6, "NUM"}, {7, "FLOAT"}, {8, "INT"},
        {9, "INT2"}, {10, "INT1"}, {17, "STRUCTURE"}, {23, "DECF16"}, {24, "DECF34"}, {29, "STRING"}, {30, "XSTRING"},
        {31, "INT8"}, {32, "UTCLONG"}};
    char text[64];
    if (type == 31 && told("int8-is", text, sizeof text)) return constant(text);
    for (unsigned i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
        if (NAMES[i].number == type) { snprintf(text, sizeof text, "RFCTYPE_%s", NAMES[i].name); return constant(text); }
    return constant("RFCTYPE_NULL");
}

const SAP_UC *RfcGetRcAsString(RFC_RC code) {
    static const char *const NAMES[] = {"OK", "COMMUNICATION_FAILURE", "LOGON_FAILURE", "ABAP_RUNTIME_FAILURE", "ABAP_MESSAGE",
        "ABAP_EXCEPTION", "CLOSED", "CANCELED", "TIMEOUT", "MEMORY_INSUFFICIENT", "VERSION_MISMATCH", "INVALID_PROTOCOL",
        "SERIALIZATION_FAILURE", "INVALID_HANDLE", "RETRY", "EXTERNAL_FAILURE", "EXECUTED", "NOT_FOUND", "NOT_SUPPORTED",
        "ILLEGAL_STATE", "INVALID_PARAMETER", "CODEPAGE_CONVERSION_FAILURE", "CONVERSION_FAILURE", "BUFFER_TOO_SMALL"};
    char text[64];
    snprintf(text, sizeof text, "RFC_%s", code >= 0 && code < 24 ? NAMES[code] : "UNKNOWN_ERROR");
    return constant(text);
}

const SAP_UC *RfcGetDirectionAsString(int way) {
    return constant(way == 1 ? "RFC_IMPORT" : way == 2 ? "RFC_EXPORT" : way == 3 ? "RFC_CHANGING" : "RFC_TABLES");
}

/* ---- connections ------------------------------------------------------------------------------- */

static connection *known(void *handle) {
    pthread_mutex_lock(&lock);
    connection *found = open_ones;
    while (found && found != handle) found = found->next;
    pthread_mutex_unlock(&lock);
    return found;
}

static connection *alive(void *handle, RFC_ERROR_INFO *info) {
    connection *found = known(handle);
    if (found && !found->dead) return found;
    fail(info, RFC_INVALID_HANDLE, GROUP_EXTERNAL_RUNTIME, "RFC_INVALID_HANDLE", "An invalid handle was passed to the API call");
    return NULL;
}

static int has_target(void) {
    char path[4200];
    path_of("target", path, sizeof path);
    return access(path, R_OK) == 0;
}

void *RfcOpenConnection(const RFC_CONNECTION_PARAMETER *parameters, unsigned given, RFC_ERROR_INFO *info) {
    connection *made = calloc(1, sizeof *made);
    char path[4200];
    int route = 0, snc = 0;
    path_of("parameters", path, sizeof path);
    FILE *seen = fopen(path, "w");
    for (unsigned i = 0; i < given; i++) {
        char *name = from_uc(parameters[i].name, -1), *content = from_uc(parameters[i].value, -1);
        if (!strcmp(name, "USER")) snprintf(made->user, sizeof made->user, "%s", content);
        if (!strcmp(name, "PASSWD")) snprintf(made->password, sizeof made->password, "%s", content);
        if (!strcmp(name, "CLIENT")) snprintf(made->client, sizeof made->client, "%s", content);
        if (!strcmp(name, "ASHOST") || !strcmp(name, "MSHOST") || !strcmp(name, "WSHOST")) route = 1;
        if (!strcmp(name, "SNC_PARTNERNAME")) snc = 1;
        if (seen) fprintf(seen, "%s=%s\n", name, strcmp(name, "PASSWD") ? content : "*");
        free(name);
        free(content);
    }
    if (seen) fclose(seen);
    path_of("openings", path, sizeof path);
    if ((seen = fopen(path, "a"))) { fprintf(seen, "%s\n", made->user); fclose(seen); }
    RFC_RC rc = RFC_OK;
    char argument[128] = "";
    switch (fault("open", argument, sizeof argument)) {
    case F_COMM: rc = fail(info, RFC_COMMUNICATION_FAILURE, GROUP_COMMUNICATION, "RFC_COMMUNICATION_FAILURE",
                           "LOCATION CPIC (TCP/IP) on local host\nERROR partner '127.0.0.1:3300' not reached"); break;
    case F_SNC: rc = fail(info, RFC_COMMUNICATION_FAILURE, GROUP_COMMUNICATION, "RFC_COMMUNICATION_FAILURE", "GSS-API: SNC name not found"); break;
    case F_LOGON: rc = fail(info, RFC_LOGON_FAILURE, GROUP_LOGON, "RFC_LOGON_FAILURE", "Password logon no longer possible - too many failed attempts"); break;
    case F_SLOW: usleep((useconds_t)atoi(argument) * 1000); break;
    default: break;
    }
    if (!rc && !route) rc = fail(info, RFC_INVALID_PARAMETER, GROUP_EXTERNAL_RUNTIME, "", "Parameter ASHOST, GWHOST, MSHOST or PORT is missing.");
    if (!rc && !*made->password && !snc) rc = fail(info, RFC_LOGON_FAILURE, GROUP_LOGON, "RFC_LOGON_FAILURE", "No logon data");
    if (!rc && has_target() && *made->password)
        rc = soap_call(made->user, made->password, made->client, made->context, NULL, "RFCPING", 0, info);
    if (rc) { free(made); return NULL; }
    made->magic = CONNECTION;
    pthread_mutex_lock(&lock);
    made->next = open_ones;
    open_ones = made;
    now.connections++;
    now.opened++;
    tell();
    pthread_mutex_unlock(&lock);
    return made;
}

RFC_RC RfcCloseConnection(void *handle, RFC_ERROR_INFO *info) {
    pthread_mutex_lock(&lock);
    connection **at = &open_ones, *found;
    while ((found = *at) && found != handle) at = &found->next;
    if (!found) {
        pthread_mutex_unlock(&lock);
        return fail(info, RFC_INVALID_HANDLE, GROUP_EXTERNAL_RUNTIME, "RFC_INVALID_HANDLE", "closed twice");
    }
    if (found->busy) { fprintf(stderr, "a connection was closed during a call\n"); abort(); }
    *at = found->next;
    now.connections--;
    tell();
    pthread_mutex_unlock(&lock);
    RFC_RC rc = found->dead ? RFC_INVALID_HANDLE : RFC_OK;
    found->magic = 0;
    free(found);
    return rc ? fail(info, rc, GROUP_EXTERNAL_RUNTIME, "", "it had ended") : RFC_OK;
}

RFC_RC RfcIsConnectionHandleValid(void *handle, int *valid, RFC_ERROR_INFO *info) {
    (void)info;
    connection *found = known(handle);
    *valid = found && !found->dead;
    return RFC_OK;
}

RFC_RC RfcPing(void *handle, RFC_ERROR_INFO *info) {
    connection *on = alive(handle, info);
    if (!on) return info->code;
    count(&now.pings, 1);
    if (fault("ping", NULL, 0)) {
        on->dead = 1;
        return fail(info, RFC_COMMUNICATION_FAILURE, GROUP_COMMUNICATION, "RFC_COMMUNICATION_FAILURE", "connection reset by peer");
    }
    return RFC_OK;
}

RFC_RC RfcCancel(void *handle, RFC_ERROR_INFO *info) {
    connection *on = alive(handle, info);
    if (!on) return info->code;
    __atomic_store_n(&on->cancelled, 1, __ATOMIC_SEQ_CST);
    count(&now.cancelled, 1);
    return RFC_OK;
}

RFC_RC RfcResetServerContext(void *handle, RFC_ERROR_INFO *info) {
    connection *on = alive(handle, info);
    if (!on) return info->code;
    on->context[0] = 0;
    count(&now.resets, 1);
    return fault("reset", NULL, 0) ? fail(info, RFC_COMMUNICATION_FAILURE, GROUP_COMMUNICATION, "", "reset") : RFC_OK;
}

RFC_RC RfcGetConnectionAttributes(void *handle, RFC_ATTRIBUTES *to, RFC_ERROR_INFO *info) {
    connection *on = alive(handle, info);
    if (!on) return info->code;
    memset(to, 0, sizeof *to);
    to_uc("SBX", to->sysId, 9);
    to_uc(on->client, to->client, 4);
    to_uc(on->user, to->user, 13);
    to_uc("758", to->partnerRel, 5);
    to_uc("793", to->kernelRel, 5);
    to_uc("sandbox", to->partnerHost, 101);
    return RFC_OK;
}

/* ---- functions ------------------------------------------------------------------------------------ */

void *RfcGetFunctionDesc(void *handle, const SAP_UC *name, RFC_ERROR_INFO *info) {
    connection *on = alive(handle, info);
    if (!on) return NULL;
    count(&now.described, 1);
    char *plain = from_uc(name, -1), text[128];
    type *found = fault("describe", NULL, 0) == F_MISSING ? NULL : function_named(plain);
    if (found && !strcmp(plain, "Z_DOUBLE_NEWER") && now.described > 1 && found->count == 2) {
        /* A transport came between: there is one more parameter. */
        found->fields = realloc(found->fields, 3 * sizeof *found->fields);
        found->fields[2] = found->fields[0];
        snprintf(found->fields[2].name, sizeof found->fields[2].name, "NEW");
        found->count = 3;
    }
    snprintf(text, sizeof text, "ID:FL Type:E Number:046 %.60s", plain);
    if (!found) fail(info, RFC_ABAP_EXCEPTION, GROUP_ABAP_APPLICATION, "FU_NOT_FOUND", text);
    free(plain);
    return found;
}

RFC_RC RfcRemoveFunctionDesc(const SAP_UC *system, const SAP_UC *name, RFC_ERROR_INFO *info) {
    (void)system; (void)name; (void)info;
    return RFC_OK;
}

typedef struct { container *values; char name[31]; } function;

void *RfcCreateFunction(void *of, RFC_ERROR_INFO *info) {
    (void)info;
    container *made = container_new(of);
    count(&now.functions, 1);
    return made;
}

RFC_RC RfcDestroyFunction(void *gone, RFC_ERROR_INFO *info) {
    (void)info;
    container_free(gone);
    count(&now.functions, -1);
    return RFC_OK;
}

/* Sleeps, and wakes for a cancel. */
static int was_cancelled(connection *on, int milliseconds) {
    for (int i = 0; i < milliseconds / 5; i++) {
        if (__atomic_load_n(&on->cancelled, __ATOMIC_SEQ_CST)) return 1;
        usleep(5000);
    }
    return __atomic_load_n(&on->cancelled, __ATOMIC_SEQ_CST);
}

static RFC_RC carry_out(connection *on, container *call, const char *name, int deliver, RFC_ERROR_INFO *info) {
    if (!strncmp(name, "Z_DOUBLE_", 9) || (!has_target() && !strcmp(name, "RFCPING"))) {
        field *told;
        value *out = value_named(call, "ONLY_OUT", &told);
        if (out) value_set_text(out, told, "out");
        return RFC_OK;
    }
    return soap_call(on->user, on->password, on->client, on->context, call, name, deliver, info);
}

/* What goes wrong with one call or one submit, if something does; `deliver` is false for a lost answer. */
static RFC_RC trouble(const char *operation, connection *on, int *deliver, RFC_ERROR_INFO *info) {
    char argument[128] = "";
    RFC_RC rc = RFC_OK;
    switch (fault(operation, argument, sizeof argument)) {
    case F_COMM: rc = fail(info, RFC_COMMUNICATION_FAILURE, GROUP_COMMUNICATION, "RFC_COMMUNICATION_FAILURE",
                           "connection to partner '127.0.0.1:3300' broken"); break;
    case F_DEAD: rc = fail(info, RFC_CLOSED, GROUP_COMMUNICATION, "RFC_CLOSED", "connection closed by the other side"); break;
    case F_DUMP: rc = fail(info, RFC_ABAP_RUNTIME_FAILURE, GROUP_ABAP_RUNTIME, "TIME_OUT", "Time limit exceeded."); break;
    case F_AUTH: rc = fail(info, RFC_ABAP_RUNTIME_FAILURE, GROUP_ABAP_RUNTIME, "RFC_NO_AUTHORITY", "No RFC authorization for function module."); break;
    case F_MESSAGE:
        rc = fail(info, RFC_ABAP_MESSAGE, GROUP_ABAP_RUNTIME, "", "Posting period 012 2018 is not open");
        to_uc("F5", info->abapMsgClass, 21);
        to_uc("E", info->abapMsgType, 2);
        to_uc("201", info->abapMsgNumber, 4);
        break;
    case F_EXCEPTION: return fail(info, RFC_ABAP_EXCEPTION, GROUP_ABAP_APPLICATION, argument, "Exception raised");
    case F_SLOW:
        if (was_cancelled(on, atoi(argument)))
            rc = fail(info, RFC_CANCELED, GROUP_COMMUNICATION, "RFC_CANCELED", "The RFC call was canceled");
        break;
    case F_LOST: *deliver = 0; break;
    default: break;
    }
    if (rc) on->dead = 1;
    return rc;
}

static RFC_RC lost(connection *on, RFC_ERROR_INFO *info) {
    on->dead = 1;
    return fail(info, RFC_COMMUNICATION_FAILURE, GROUP_COMMUNICATION, "RFC_COMMUNICATION_FAILURE", "no answer: connection broken");
}

static void enter(connection *on) {
    if (__atomic_exchange_n(&on->busy, 1, __ATOMIC_SEQ_CST)) {
        fprintf(stderr, "two threads used one connection\n");
        abort();
    }
}
static void leave(connection *on) { __atomic_store_n(&on->busy, 0, __ATOMIC_SEQ_CST); }

RFC_RC RfcInvoke(void *handle, void *call, RFC_ERROR_INFO *info) {
    connection *on = alive(handle, info);
    if (!on) return info->code;
    enter(on);
    count(&now.invoked, 1);
    int deliver = 1;
    RFC_RC rc = trouble("invoke", on, &deliver, info);
    if (!rc) rc = carry_out(on, call, ((container *)call)->of->name, deliver, info);
    if (!rc && !deliver) rc = lost(on, info);
    if (rc == RFC_COMMUNICATION_FAILURE || rc == RFC_ABAP_RUNTIME_FAILURE) on->dead = 1;
    leave(on);
    return rc;
}

/* ---- transactions ------------------------------------------------------------------------------------ */

RFC_RC RfcGetTransactionID(void *handle, SAP_UC *tid, RFC_ERROR_INFO *info) {
    if (!alive(handle, info)) return info->code;
    char text[32];
    pthread_mutex_lock(&lock);
    snprintf(text, sizeof text, "%08X%08X%08X", (unsigned)getpid(), 0xCAB1DE00u, (unsigned)++now.tids);
    pthread_mutex_unlock(&lock);
    to_uc(text, tid, 25);
    return RFC_OK;
}

void *RfcCreateTransaction(void *handle, const SAP_UC *tid, const SAP_UC *queue, RFC_ERROR_INFO *info) {
    connection *on = alive(handle, info);
    if (!on || queue) return NULL;
    transaction *made = calloc(1, sizeof *made);
    char *text = from_uc(tid, -1);
    snprintf(made->tid, sizeof made->tid, "%s", text);
    free(text);
    made->on = on;
    count(&now.transactions, 1);
    return made;
}

static void copy_fields(container *to, const container *from);

static void copy_value(value *to, const value *from, const field *of) {
    if (of->kind == T_STRUCTURE) copy_fields(to->inside, from->inside);
    else if (of->kind == T_TABLE)
        for (unsigned i = 0; i < from->rows->count; i++) copy_fields(table_append(to->rows), from->rows->rows[i]);
    else {
        free(to->text);
        free(to->bytes);
        *to = *from;
        if (from->text) { to->text = calloc(from->length + 1, sizeof *to->text); memcpy(to->text, from->text, from->length * sizeof *to->text); }
        if (from->bytes) { to->bytes = calloc(from->length + 1, 1); memcpy(to->bytes, from->bytes, from->length); }
    }
}

static void copy_fields(container *to, const container *from) {
    for (unsigned i = 0; i < from->of->count; i++) copy_value(&to->values[i], &from->values[i], &from->of->fields[i]);
}

RFC_RC RfcInvokeInTransaction(void *handle, void *call, RFC_ERROR_INFO *info) {
    transaction *to = handle;
    if (to->count == CALLS_MAX) return fail(info, RFC_ILLEGAL_STATE, GROUP_EXTERNAL_RUNTIME, "", "too many calls");
    container *from = call, *copy = container_new(from->of);
    copy_fields(copy, from);
    to->calls[to->count++] = copy;
    return RFC_OK;
}

/* SAP's memory of transaction ids: a line each. */
static int remembered(const char *tid) {
    char path[4200], line[64];
    path_of("tids", path, sizeof path);
    FILE *file = fopen(path, "r");
    int found = 0;
    while (file && !found && fgets(line, sizeof line, file)) found = !strncmp(line, tid, 24);
    if (file) fclose(file);
    return found;
}

static void remember(const char *tid) {
    char path[4200];
    path_of("tids", path, sizeof path);
    FILE *file = fopen(path, "a");
    if (file) { fprintf(file, "%s\n", tid); fclose(file); }
}

static void forget(const char *tid) {
    char path[4200], new[4210], line[64];
    path_of("tids", path, sizeof path);
    snprintf(new, sizeof new, "%s.new", path);
    FILE *from = fopen(path, "r"), *to = fopen(new, "w");
    while (from && to && fgets(line, sizeof line, from)) if (strncmp(line, tid, 24)) fputs(line, to);
    if (from) fclose(from);
    if (to) { fclose(to); rename(new, path); }
}

RFC_RC RfcSubmitTransaction(void *handle, RFC_ERROR_INFO *info) {
    transaction *of = handle;
    connection *on = alive(of->on, info);
    if (!on) return info->code;
    enter(on);
    int deliver = 1;
    RFC_RC rc = trouble("submit", on, &deliver, info);
    if (!rc && !remembered(of->tid)) {
        on->context[0] = 0;
        for (unsigned i = 0; !rc && i < of->count; i++) rc = carry_out(on, of->calls[i], of->calls[i]->of->name, 0, info);
        if (!rc && has_target())
            rc = soap_call(on->user, on->password, on->client, on->context, NULL, "BAPI_TRANSACTION_COMMIT", 0, info);
        if (!rc) remember(of->tid);
    }
    if (!rc && !deliver) rc = lost(on, info);
    leave(on);
    return rc;
}

RFC_RC RfcConfirmTransaction(void *handle, RFC_ERROR_INFO *info) {
    transaction *of = handle;
    connection *on = alive(of->on, info);
    if (!on) return info->code;
    int deliver = 1;
    RFC_RC rc = trouble("confirm", on, &deliver, info);
    if (rc) return rc;
    forget(of->tid);
    return RFC_OK;
}

RFC_RC RfcDestroyTransaction(void *handle, RFC_ERROR_INFO *info) {
    (void)info;
    transaction *gone = handle;
    for (unsigned i = 0; i < gone->count; i++) container_free(gone->calls[i]);
    free(gone);
    count(&now.transactions, -1);
    return RFC_OK;
}
