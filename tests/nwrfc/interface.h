/* The C interface of the NW RFC library 7.50, as far as it is used. */
#ifndef INTERFACE_H
#define INTERFACE_H
#include <stddef.h>
#include <stdint.h>

typedef uint16_t SAP_UC;
typedef SAP_UC RFC_CHAR;
typedef int RFC_RC;
typedef int RFC_ERROR_GROUP;

enum {
    RFC_OK = 0, RFC_COMMUNICATION_FAILURE = 1, RFC_LOGON_FAILURE = 2, RFC_ABAP_RUNTIME_FAILURE = 3,
    RFC_ABAP_MESSAGE = 4, RFC_ABAP_EXCEPTION = 5, RFC_CLOSED = 6, RFC_CANCELED = 7,
    RFC_INVALID_HANDLE = 13, RFC_NOT_FOUND = 17, RFC_ILLEGAL_STATE = 19, RFC_INVALID_PARAMETER = 20,
    RFC_CONVERSION_FAILURE = 22, RFC_BUFFER_TOO_SMALL = 23, RFC_TABLE_MOVE_EOF = 25
};
enum { GROUP_ABAP_APPLICATION = 1, GROUP_ABAP_RUNTIME = 2, GROUP_LOGON = 3, GROUP_COMMUNICATION = 4,
       GROUP_EXTERNAL_RUNTIME = 5 };
enum { RFC_IMPORT = 1, RFC_EXPORT = 2, RFC_CHANGING = 3, RFC_TABLES = 7 };
typedef enum {
    T_CHAR = 0, T_DATE = 1, T_BCD = 2, T_TIME = 3, T_BYTE = 4, T_TABLE = 5, T_NUM = 6, T_FLOAT = 7,
    T_INT = 8, T_INT2 = 9, T_INT1 = 10, T_STRUCTURE = 17, T_DECF16 = 23, T_DECF34 = 24, T_STRING = 29,
    T_XSTRING = 30, T_INT8 = 31, T_UTCLONG = 32
} RFCTYPE;

typedef struct { const SAP_UC *name, *value; } RFC_CONNECTION_PARAMETER;
typedef struct {
    RFC_RC code;
    RFC_ERROR_GROUP group;
    SAP_UC key[128], message[512], abapMsgClass[20 + 1], abapMsgType[1 + 1];
    RFC_CHAR abapMsgNumber[3 + 1];
    SAP_UC abapMsgV1[50 + 1], abapMsgV2[50 + 1], abapMsgV3[50 + 1], abapMsgV4[50 + 1];
} RFC_ERROR_INFO;
typedef struct {
    RFC_CHAR name[30 + 1];
    int direction;
    RFCTYPE type;
    unsigned nucLength, ucLength, decimals;
    void *typeDescHandle;
    RFC_CHAR defaultValue[30 + 1], parameterText[79 + 1];
    uint8_t optional;
    void *extendedDescription;
} RFC_PARAMETER_DESC;
typedef struct {
    RFC_CHAR name[30 + 1];
    RFCTYPE type;
    unsigned nucLength, nucOffset, ucLength, ucOffset, decimals;
    void *typeDescHandle, *extendedDescription;
} RFC_FIELD_DESC;
typedef struct {
    SAP_UC dest[65], host[101], partnerHost[101], sysNumber[3], sysId[9], client[4], user[13],
        language[3], trace[2], isoLanguage[3], codepage[5], partnerCodepage[5], rfcRole[2], type[2],
        partnerType[2], rel[5], partnerRel[5], kernelRel[5], cpicConvId[9], progName[129],
        partnerBytesPerChar[2], partnerSystemCodepage[5], partnerIP[16], partnerIPv6[46], reserved[17];
} RFC_ATTRIBUTES;
typedef SAP_UC RFC_TID[24 + 1];

/* ---- inside the double ------------------------------------------------------------------ */

typedef struct type type;
typedef struct {
    char name[31];
    RFCTYPE kind;
    unsigned length;   /* characters; bytes of raw and packed fields */
    unsigned decimals;
    type *line;        /* of structures and tables */
    int direction;     /* of parameters */
} field;
struct type { char name[31]; unsigned count; field *fields; };

typedef struct container container;
typedef struct table table;
typedef struct {
    SAP_UC *text; unsigned length;   /* everything that is text, a zero behind it */
    uint8_t *bytes;                  /* raw; length counts them */
    int64_t integer; double number;
    container *inside; table *rows;
} value;
struct container { unsigned magic; type *of; value *values; };
struct table { unsigned magic; type *of; container **rows; unsigned count, room, at; };

type *function_named(const char *name);
container *container_new(type *of);
void container_free(container *gone);
value *value_named(container *of, const char *name, field **told);
void value_set_text(value *to, const field *of, const char *text);
char *value_text(const value *from, const field *of); /* malloc'd UTF-8 */
container *table_append(table *to);

void to_uc(const char *text, SAP_UC *to, size_t room);
char *from_uc(const SAP_UC *text, long length); /* malloc'd UTF-8; -1: up to the zero */
SAP_UC *uc_of(const char *text, unsigned *length); /* malloc'd */

RFC_RC fail(RFC_ERROR_INFO *info, RFC_RC code, RFC_ERROR_GROUP group, const char *key, const char *text);
int fault(const char *operation, char *argument, size_t room); /* 0 none, else a kind below */
enum { F_NONE, F_COMM, F_LOST, F_DUMP, F_MESSAGE, F_EXCEPTION, F_AUTH, F_SLOW, F_TOO_SMALL, F_TOO_LONG,
       F_LOGON, F_SNC, F_DEAD, F_MISSING };
extern char folder[4096];

/* A call by SOAP. Answers RFC_OK, or what went wrong in `info`. `context` keeps the session. */
RFC_RC soap_call(const char *user, const char *password, const char *client, char *context, container *function,
                 const char *name, int deliver_answer, RFC_ERROR_INFO *info);
#endif
