/* The function repository. A specification is a letter and a length:
   C char, N digits, D date, T time, P packed (digits.decimals), X bytes, I int4, s int2, b int1, L int8,
   F float, g string, y xstring, a decf16, e decf34, l utclong, u:TYPE structure, h:TYPE table.
   Parameters: I import, E export, C changing, T table. A field named . has no name. */
#include "interface.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const REPOSITORY =
    "S BAPIRET2\n TYPE C1\n ID C20\n NUMBER N3\n MESSAGE C220\n LOG_NO C20\n LOG_MSG_NO N6\n"
    " MESSAGE_V1 C50\n MESSAGE_V2 C50\n MESSAGE_V3 C50\n MESSAGE_V4 C50\n PARAMETER C32\n ROW I\n FIELD C30\n"
    " SYSTEM C10\n"
    "S BAPIRETURN1\n TYPE C1\n ID C20\n NUMBER N3\n MESSAGE C220\n LOG_NO C20\n SYSTEM C10\n"
    "S BAPIPLAF_I1\n PLDORD_PROFILE C4\n MATERIAL C18\n PLAN_PLANT C4\n PROD_PLANT C4\n TOTAL_PLORD_QTY P13.3\n"
    " ORDER_START_DATE D\n ORDER_FIN_DATE D\n FIRMING_IND C1\n SALES_ORD C10\n S_ORD_ITEM N6\n VERSION C4\n"
    " BASE_UOM C3\n MATERIAL_LONG C40\n"
    "S BAPIPLAF_I2\n TOTAL_PLORD_QTY P13.3\n ORDER_START_DATE D\n ORDER_FIN_DATE D\n FIRMING_IND C1\n"
    "S BAPIPLAF_I2X\n TOTAL_PLORD_QTY C1\n ORDER_START_DATE C1\n ORDER_FIN_DATE C1\n FIRMING_IND C1\n"
    "S BAPIPLAF_I3\n PLANT C4\n MRP_CTRLER C3\n MATERIAL C18\n VERSION C4\n STR_SEL_DATE D\n END_SEL_DATE D\n"
    " MATERIAL_LONG C40\n"
    "S BAPIPLAF_E1\n PLANNEDORDER_NUM C10\n PLAN_PLANT C4\n PROD_PLANT C4\n TOTAL_PLORD_QTY P13.3\n"
    " ORDER_START_DATE D\n ORDER_FIN_DATE D\n FIRMING_IND C1\n SALES_ORD C10\n S_ORD_ITEM N6\n VERSION C4\n"
    " BASE_UOM C3\n MATERIAL C18\n MATERIAL_LONG C40\n"
    "S BAPI_PLDORDCOMP_I1\n PLANT C4\n MATERIAL C18\n ENTRY_QTY P13.3\n ENTRY_UOM C3\n REQ_DATE D\n"
    "S BAPI_ORDER_KEY\n ORDER_NUMBER C12\n"
    "S BAPI_ORDER_RETURN\n ORDER_NUMBER C12\n TYPE C1\n ID C20\n NUMBER N3\n MESSAGE C220\n"
    "S BAPIACHE09\n OBJ_TYPE C5\n OBJ_KEY C20\n OBJ_SYS C10\n BUS_ACT C4\n USERNAME C12\n HEADER_TXT C25\n"
    " COMP_CODE C4\n DOC_DATE D\n PSTNG_DATE D\n FISC_YEAR N4\n FIS_PERIOD N2\n DOC_TYPE C2\n REF_DOC_NO C16\n"
    "S BAPIACGL09\n ITEMNO_ACC N10\n GL_ACCOUNT C10\n ITEM_TEXT C50\n COMP_CODE C4\n COSTCENTER C10\n"
    " QUANTITY P13.3\n BASE_UOM C3\n"
    "S BAPIACCR09\n ITEMNO_ACC N10\n CURR_TYPE C2\n CURRENCY C5\n AMT_DOCCUR P23.4\n"
    "S BAPIPAREX\n STRUCTURE C30\n VALUEPART1 C240\n VALUEPART2 C240\n VALUEPART3 C240\n VALUEPART4 C240\n"
    "S BAPIACREV\n OBJ_TYPE C5\n OBJ_KEY C20\n OBJ_SYS C10\n OBJ_KEY_R C20\n PSTNG_DATE D\n FIS_PERIOD N2\n"
    " COMP_CODE C4\n REASON_REV C2\n AC_DOC_NO C10\n"
    "S OBJECT\n OBJ_TYPE C5\n OBJ_KEY C20\n OBJ_SYS C10\n"
    "S DOCUMENT\n OBJ_TYPE C5\n OBJ_KEY C20\n OBJ_SYS C10\n COMP_CODE C4\n FISC_YEAR N4\n AC_DOC_NO C10\n"
    " REF_DOC_NO C16\n REV_DOC_NO C10\n"
    "S BAPIDOCHDRP\n CO_AREA C4\n DOC_NO C10\n DOCDATE D\n POSTGDATE D\n DOC_HDR_TX C50\n USERNAME C12\n"
    "S BAPIDOCHDRR\n CO_AREA C4\n DOCDATE D\n POSTGDATE D\n RVRS_NO C10\n DOC_HDR_TX C50\n USERNAME C12\n"
    "S BAPIACDOCNO\n DOC_NO C10\n"
    "S BAPISKFITM\n STATKEYFIG C6\n STAT_QTY P15.3\n SEG_TEXT C50\n REC_CCTR C10\n"
    "S RFCSI\n RFCHOST C8\n RFCSYSID C8\n RFCDATABS C8\n RFCDBHOST C32\n RFCDBSYS C10\n RFCSAPRL C4\n RFCOPSYS C10\n"
    " RFCIPADDR C15\n RFCKERNRL C4\n RFCHOST2 C32\n"
    "S BAPIPROF\n BAPIPROF C12\n BAPIPTEXT C60\n BAPITYPE C1\n BAPIAKTPS C1\n"
    "S RFC_DB_OPT\n TEXT C72\n"
    "S RFC_DB_FLD\n FIELDNAME C30\n OFFSET N6\n LENGTH N6\n TYPE C1\n FIELDTEXT C60\n"
    "S TAB512\n WA C512\n"
    "S FIELDNAME\n FIELDNAME C30\n"
    "S CONDITION\n FIELDNAME C30\n SIGN C1\n OPTION C2\n LOW C255\n HIGH C255\n"
    "S EXEC_KEY\n KEY C32\n"
    "S EXEC_ENTRY\n KEY C32\n STATUS C20\n OPERATION C30\n OBJECT_NUMBER C32\n REQUEST_HASH C64\n FENCE N15\n"
    " EXECUTED_AT C14\n EXECUTED_BY C12\n"
    "S LINE\n . g\n"
    "S INNER\n A C5\n LINES h:LINE\n"
    "S ALL\n F_CHAR C10\n F_NUM N6\n F_DATE D\n F_TIME T\n F_BCD P13.3\n F_BYTE X4\n F_FLOAT F\n F_INT I\n F_INT2 s\n"
    " F_INT1 b\n F_INT8 L\n F_STRING g\n F_XSTRING y\n F_DECF16 a\n F_DECF34 e\n F_UTCLONG l\n F_STRUCT u:INNER\n"
    " F_TABLE h:INNER\n"

    "F RFCPING\n"
    "F RFC_SYSTEM_INFO\n E RFCSI_EXPORT u:RFCSI\n"
    "F BAPI_USER_GET_DETAIL\n I USERNAME C12\n T PROFILES h:BAPIPROF\n T RETURN h:BAPIRET2\n"
    "F BAPI_TRANSACTION_COMMIT\n I WAIT C1\n E RETURN u:BAPIRET2\n"
    "F BAPI_TRANSACTION_ROLLBACK\n E RETURN u:BAPIRET2\n"
    "F BAPI_PLANNEDORDER_CREATE\n I HEADERDATA u:BAPIPLAF_I1\n E PLANNEDORDER C10\n E RETURN u:BAPIRETURN1\n"
    " E CREATEDHEADERDATA u:BAPIPLAF_E1\n T COMPONENTSDATA h:BAPI_PLDORDCOMP_I1\n"
    "F BAPI_PLANNEDORDER_CHANGE\n I PLANNEDORDER C10\n I HEADERDATA u:BAPIPLAF_I2\n I HEADERDATAX u:BAPIPLAF_I2X\n"
    " E RETURN u:BAPIRETURN1\n E CHANGEDHEADERDATA u:BAPIPLAF_E1\n"
    "F BAPI_PLANNEDORDER_DELETE\n I PLANNEDORDER C10\n E RETURN u:BAPIRETURN1\n"
    "F BAPI_PLANNEDORDER_EXIST_CHECK\n I PLANNEDORDER C10\n E RETURN u:BAPIRETURN1\n"
    "F BAPI_PLANNEDORDER_GET_DETAIL\n I PLANNEDORDER C10\n E HEADERDATA u:BAPIPLAF_E1\n E RETURN u:BAPIRETURN1\n"
    "F BAPI_PLANNEDORDER_GET_DET_LIST\n I SELECTIONCRITERIA u:BAPIPLAF_I3\n E RETURN u:BAPIRETURN1\n"
    " T DETAILEDLIST h:BAPIPLAF_E1\n"
    "F BAPI_PRODORD_CREATE_FROM_PLORD\n I PLANNED_ORDER C10\n I ORDER_TYPE C4\n I ORDER_NUMBER C12\n"
    " E PRODUCTION_ORDER C12\n E PROD_ORDER_TYPE C4\n E RETURN u:BAPIRET2\n"
    "F BAPI_PRODORD_RELEASE\n E RETURN u:BAPIRET2\n T ORDERS h:BAPI_ORDER_KEY\n T DETAIL_RETURN h:BAPI_ORDER_RETURN\n"
    "F BAPI_ACC_DOCUMENT_CHECK\n I DOCUMENTHEADER u:BAPIACHE09\n T ACCOUNTGL h:BAPIACGL09\n"
    " T CURRENCYAMOUNT h:BAPIACCR09\n T EXTENSION2 h:BAPIPAREX\n T RETURN h:BAPIRET2\n"
    "F BAPI_ACC_DOCUMENT_POST\n I DOCUMENTHEADER u:BAPIACHE09\n E OBJ_TYPE C5\n E OBJ_KEY C20\n E OBJ_SYS C10\n"
    " T ACCOUNTGL h:BAPIACGL09\n T CURRENCYAMOUNT h:BAPIACCR09\n T EXTENSION2 h:BAPIPAREX\n T RETURN h:BAPIRET2\n"
    "F BAPI_ACC_DOCUMENT_REV_CHECK\n I REVERSAL u:BAPIACREV\n I BUS_ACT C4\n T RETURN h:BAPIRET2\n"
    "F BAPI_ACC_DOCUMENT_REV_POST\n I REVERSAL u:BAPIACREV\n I BUS_ACT C4\n E OBJ_TYPE C5\n E OBJ_KEY C20\n"
    " E OBJ_SYS C10\n T RETURN h:BAPIRET2\n"
    "F BAPI_ACC_DOCUMENTS_RECORD\n T OBJECTS h:OBJECT\n T ACCOUNTING_DOCUMENTS h:DOCUMENT\n"
    " T NO_ACCOUNTING_DOCUMENTS h:OBJECT\n T RETURN h:BAPIRET2\n"
    "F BAPI_ACC_STAT_KEY_FIG_CHECK\n I DOC_HEADER u:BAPIDOCHDRP\n I IGNORE_WARNINGS C1\n T DOC_ITEMS h:BAPISKFITM\n"
    " T RETURN h:BAPIRET2\n"
    "F BAPI_ACC_STAT_KEY_FIG_POST\n I DOC_HEADER u:BAPIDOCHDRP\n I IGNORE_WARNINGS C1\n E DOC_NO C10\n"
    " T DOC_ITEMS h:BAPISKFITM\n T RETURN h:BAPIRET2\n"
    "F BAPI_ACC_ACT_POSTINGS_REVERSE\n I DOC_HEADER u:BAPIDOCHDRR\n T DOC_NO h:BAPIACDOCNO\n T RETURN h:BAPIRET2\n"
    "F RFC_READ_TABLE\n I QUERY_TABLE C30\n I DELIMITER C1\n I NO_DATA C1\n I ROWSKIPS I\n I ROWCOUNT I\n"
    " T OPTIONS h:RFC_DB_OPT\n T FIELDS h:RFC_DB_FLD\n T DATA h:TAB512\n"
    "F Z_CARBIDE_READ_TABLE\n I TABLE_NAME C30\n I MAX_ROWS I\n I CONTINUE_AFTER g\n E ROWS g\n E ROW_COUNT I\n"
    " E CONTINUE_WITH g\n T FIELDS h:FIELDNAME\n T CONDITIONS h:CONDITION\n T RETURN h:BAPIRET2\n"
    "F Z_CARBIDE_EXEC\n I KEY C32\n I FENCE N15\n I OPERATION C30\n I REQUEST_HASH C64\n I PAYLOAD g\n E STATUS C20\n"
    " E OBJECT_NUMBER C32\n T RETURN h:BAPIRET2\n"
    "F Z_CARBIDE_CANCEL\n I KEY C32\n I FENCE N15\n E STATUS C20\n E OBJECT_NUMBER C32\n T RETURN h:BAPIRET2\n"
    "F Z_CARBIDE_STATUS\n T KEYS h:EXEC_KEY\n T ENTRIES h:EXEC_ENTRY\n T RETURN h:BAPIRET2\n"
    "F Z_CARBIDE_LEASE\n I HOLDER C40\n I ACTION C7\n I DURATION_SECONDS I\n E STATUS C20\n E FENCE N15\n"
    " E HOLDER_NOW C40\n E EXPIRES_AT C14\n T RETURN h:BAPIRET2\n"
    /* for tests of the double alone */
    "F Z_DOUBLE_ECHO\n C VALUES u:ALL\n C LINES h:LINE\n T ROWS h:ALL\n I ONLY_IN C5\n E ONLY_OUT C5\n"
    "F Z_DOUBLE_NEWER\n I OLD C5\n E OUT C5\n";

#define TYPES_MAX 128
static type types[TYPES_MAX];
static unsigned count;
static int functions_from = -1;

static type *type_named(const char *name) {
    for (unsigned i = 0; i < count; i++) if (!strcmp(types[i].name, name)) return &types[i];
    fprintf(stderr, "the repository of the double has no type %s\n", name);
    abort();
}

static void specify(field *to, const char *spec) {
    int digits = 0, decimals = 0;
    switch (*spec) {
    case 'C': to->kind = T_CHAR; to->length = (unsigned)atoi(spec + 1); break;
    case 'N': to->kind = T_NUM; to->length = (unsigned)atoi(spec + 1); break;
    case 'D': to->kind = T_DATE; to->length = 8; break;
    case 'T': to->kind = T_TIME; to->length = 6; break;
    case 'P':
        sscanf(spec + 1, "%d.%d", &digits, &decimals);
        to->kind = T_BCD; to->length = (unsigned)digits / 2 + 1; to->decimals = (unsigned)decimals; break;
    case 'X': to->kind = T_BYTE; to->length = (unsigned)atoi(spec + 1); break;
    case 'I': to->kind = T_INT; to->length = 4; break;
    case 's': to->kind = T_INT2; to->length = 2; break;
    case 'b': to->kind = T_INT1; to->length = 1; break;
    case 'L': to->kind = T_INT8; to->length = 8; break;
    case 'F': to->kind = T_FLOAT; to->length = 8; break;
    case 'g': to->kind = T_STRING; to->length = 8; break;
    case 'y': to->kind = T_XSTRING; to->length = 8; break;
    case 'a': to->kind = T_DECF16; to->length = 8; break;
    case 'e': to->kind = T_DECF34; to->length = 16; break;
    case 'l': to->kind = T_UTCLONG; to->length = 27; break;
    case 'u': to->kind = T_STRUCTURE; to->line = type_named(spec + 2); break;
    case 'h': to->kind = T_TABLE; to->line = type_named(spec + 2); break;
    default: abort();
    }
}

__attribute__((constructor)) static void read_repository(void) {
    char *text = strdup(REPOSITORY), *rest = text, *line;
    type *now = NULL;
    int function = 0;
    while ((line = strsep(&rest, "\n")) && *line) {
        if (*line != ' ') {
            if (count == TYPES_MAX) abort();
            function = *line == 'F';
            if (function && functions_from < 0) functions_from = (int)count;
            now = &types[count++];
            snprintf(now->name, sizeof now->name, "%s", line + 2);
            continue;
        }
        now->fields = realloc(now->fields, (now->count + 1) * sizeof *now->fields);
        field *made = &now->fields[now->count++];
        memset(made, 0, sizeof *made);
        char *part = line + 1;
        if (function) {
            char *way = strsep(&part, " ");
            made->direction = *way == 'I' ? RFC_IMPORT : *way == 'E' ? RFC_EXPORT : *way == 'C' ? RFC_CHANGING : RFC_TABLES;
        }
        char *name = strsep(&part, " ");
        if (strcmp(name, ".")) snprintf(made->name, sizeof made->name, "%s", name);
        specify(made, part);
    }
    free(text);
}

type *function_named(const char *name) {
    for (unsigned i = (unsigned)functions_from; i < count; i++) if (!strcmp(types[i].name, name)) return &types[i];
    return NULL;
}

/* ---- the interface ----------------------------------------------------------------------- */

RFC_RC RfcGetParameterCount(void *of, unsigned *to, RFC_ERROR_INFO *info) {
    (void)info;
    *to = ((type *)of)->count;
    return RFC_OK;
}

RFC_RC RfcGetParameterDescByIndex(void *of, unsigned index, RFC_PARAMETER_DESC *to, RFC_ERROR_INFO *info) {
    type *function = of;
    if (index >= function->count) return fail(info, RFC_INVALID_PARAMETER, GROUP_EXTERNAL_RUNTIME, "", "index");
    field *told = &function->fields[index];
    memset(to, 0, sizeof *to);
    to_uc(told->name, to->name, 31);
    to->direction = told->direction;
    to->type = told->kind;
    to->nucLength = told->length;
    to->ucLength = told->kind == T_CHAR || told->kind == T_NUM ? told->length * 2 : told->length;
    to->decimals = told->decimals;
    to->typeDescHandle = told->line;
    return RFC_OK;
}

RFC_RC RfcGetFieldCount(void *of, unsigned *to, RFC_ERROR_INFO *info) { return RfcGetParameterCount(of, to, info); }

RFC_RC RfcGetFieldDescByIndex(void *of, unsigned index, RFC_FIELD_DESC *to, RFC_ERROR_INFO *info) {
    RFC_PARAMETER_DESC told;
    RFC_RC rc = RfcGetParameterDescByIndex(of, index, &told, info);
    if (rc) return rc;
    memset(to, 0, sizeof *to);
    memcpy(to->name, told.name, sizeof to->name);
    to->type = told.type;
    to->nucLength = told.nucLength;
    to->ucLength = told.ucLength;
    to->decimals = told.decimals;
    to->typeDescHandle = told.typeDescHandle;
    return RFC_OK;
}
