"! The operations that can be executed exactly once, and the parameters of their BAPIs
CLASS zcl_carbide_operation_catalog DEFINITION PUBLIC FINAL CREATE PUBLIC.
  PUBLIC SECTION.
    CONSTANTS:
      BEGIN OF known,
        create_planned_order TYPE zcarbide_operation VALUE 'PLANNED_ORDER_CREATE',
        change_planned_order TYPE zcarbide_operation VALUE 'PLANNED_ORDER_CHANGE',
        delete_planned_order TYPE zcarbide_operation VALUE 'PLANNED_ORDER_DELETE',
        post_document        TYPE zcarbide_operation VALUE 'FI_POST',
        reverse_document     TYPE zcarbide_operation VALUE 'FI_REVERSE',
        post_key_figure      TYPE zcarbide_operation VALUE 'KEY_FIGURE_POST',
        reverse_key_figure   TYPE zcarbide_operation VALUE 'KEY_FIGURE_REVERSE',
        mark_journal         TYPE zcarbide_operation VALUE 'JOURNAL_MARK',
      END OF known.

    TYPES:
      BEGIN OF rule,
        name   TYPE string,
        kind   TYPE string,
        needed TYPE abap_bool,
      END OF rule,
      rules TYPE STANDARD TABLE OF rule WITH DEFAULT KEY.

    "! @parameter operation         | From the caller
    "! @parameter result            | Parameters that its payload may have
    "! @raising   zcx_carbide_error | 011
    METHODS rules_of
      IMPORTING operation     TYPE zcarbide_operation
      RETURNING VALUE(result) TYPE rules
      RAISING   zcx_carbide_error.

    "! @parameter result | BAPI that the operation calls, or the operation itself if it calls none
    METHODS bapi_of
      IMPORTING operation     TYPE zcarbide_operation
      RETURNING VALUE(result) TYPE string.
  PRIVATE SECTION.
    METHODS value
      IMPORTING name          TYPE string
                needed        TYPE abap_bool DEFAULT abap_true
      RETURNING VALUE(result) TYPE rule.
    METHODS structure
      IMPORTING name          TYPE string
                needed        TYPE abap_bool DEFAULT abap_true
      RETURNING VALUE(result) TYPE rule.
    METHODS table
      IMPORTING name          TYPE string
                needed        TYPE abap_bool DEFAULT abap_true
      RETURNING VALUE(result) TYPE rule.
ENDCLASS.

CLASS zcl_carbide_operation_catalog IMPLEMENTATION.
  METHOD rules_of.
    CASE operation.
      WHEN known-create_planned_order.
        result = VALUE #( ( structure( `HEADERDATA` ) )
                          ( table( name   = `COMPONENTSDATA`
                                   needed = abap_false ) ) ).
      WHEN known-change_planned_order.
        result = VALUE #( ( value( `PLANNEDORDER` ) )
                          ( structure( `HEADERDATA` ) )
                          ( structure( `HEADERDATAX` ) )
                          ( table( name   = `COMPONENTSDATA`
                                   needed = abap_false ) ) ).
      WHEN known-delete_planned_order.
        result = VALUE #( ( value( `PLANNEDORDER` ) ) ).
      WHEN known-post_document.
        result = VALUE #( ( structure( `DOCUMENTHEADER` ) )
                          ( table( `ACCOUNTGL` ) )
                          ( table( `CURRENCYAMOUNT` ) )
                          ( table( name   = `EXTENSION2`
                                   needed = abap_false ) ) ).
      WHEN known-reverse_document.
        result = VALUE #( ( structure( `REVERSAL` ) )
                          ( value( `BUS_ACT` ) ) ).
      WHEN known-post_key_figure.
        result = VALUE #( ( structure( `DOC_HEADER` ) )
                          ( table( `DOC_ITEMS` ) )
                          ( value( name   = `IGNORE_WARNINGS`
                                   needed = abap_false ) ) ).
      WHEN known-reverse_key_figure.
        result = VALUE #( ( structure( `DOC_HEADER` ) )
                          ( value( name   = `IGNORE_WARNINGS`
                                   needed = abap_false ) ) ).
      WHEN known-mark_journal.
        result = VALUE #( ( value( `JOURNAL` ) )
                          ( value( `CHANGE_SET` ) )
                          ( value( `STAMP` ) ) ).
      WHEN OTHERS.
        RAISE EXCEPTION TYPE zcx_carbide_error
          EXPORTING
            number = '011'
            v1     = operation.
    ENDCASE.
    " A caller may send RETURN, as tables have to be sent in some protocols; it is an answer only
    INSERT table( name   = `RETURN`
                  needed = abap_false ) INTO TABLE result.
  ENDMETHOD.

  METHOD bapi_of.
    result = SWITCH #( operation
      WHEN known-create_planned_order THEN `BAPI_PLANNEDORDER_CREATE`
      WHEN known-change_planned_order THEN `BAPI_PLANNEDORDER_CHANGE`
      WHEN known-delete_planned_order THEN `BAPI_PLANNEDORDER_DELETE`
      WHEN known-post_document        THEN `BAPI_ACC_DOCUMENT_POST`
      WHEN known-reverse_document     THEN `BAPI_ACC_DOCUMENT_REV_POST`
      WHEN known-post_key_figure      THEN `BAPI_ACC_STAT_KEY_FIG_POST`
      WHEN known-reverse_key_figure   THEN `BAPI_ACC_ACT_POSTINGS_REVERSE`
      WHEN known-mark_journal         THEN `JOURNAL_MARK` ).
  ENDMETHOD.

  METHOD value.
    result = VALUE #( name   = name
                      kind   = zcl_carbide_payload=>kind-value
                      needed = needed ).
  ENDMETHOD.

  METHOD structure.
    result = VALUE #( name   = name
                      kind   = zcl_carbide_payload=>kind-structure
                      needed = needed ).
  ENDMETHOD.

  METHOD table.
    result = VALUE #( name   = name
                      kind   = zcl_carbide_payload=>kind-table
                      needed = needed ).
  ENDMETHOD.
ENDCLASS.
