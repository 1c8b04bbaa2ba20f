"! Statistical key figures by the BAPIs of cost accounting
CLASS zcl_carbide_key_figure DEFINITION PUBLIC FINAL CREATE PUBLIC.
  PUBLIC SECTION.
    INTERFACES zif_carbide_operation.
  PRIVATE SECTION.
    METHODS post
      IMPORTING payload       TYPE REF TO zcl_carbide_payload
      RETURNING VALUE(result) TYPE zif_carbide_operation=>outcome
      RAISING   zcx_carbide_error.
    METHODS reverse
      IMPORTING payload       TYPE REF TO zcl_carbide_payload
      RETURNING VALUE(result) TYPE zif_carbide_operation=>outcome
      RAISING   zcx_carbide_error.
ENDCLASS.

CLASS zcl_carbide_key_figure IMPLEMENTATION.
  METHOD zif_carbide_operation~run.
    IF operation = zcl_carbide_operation_catalog=>known-post_key_figure.
      result = post( payload ).
    ELSE.
      result = reverse( payload ).
    ENDIF.
  ENDMETHOD.

  METHOD post.
    DATA header TYPE bapidochdrp.
    DATA items TYPE STANDARD TABLE OF bapiskfitm WITH DEFAULT KEY.
    DATA ignore_warnings TYPE bapiiw-ignwarn.
    DATA number TYPE bapidochdrp-doc_no.
    payload->fill_structure( EXPORTING name      = `DOC_HEADER`
                             CHANGING  structure = header ).
    payload->fill_table( EXPORTING name  = `DOC_ITEMS`
                         CHANGING  table = items ).
    ignore_warnings = payload->get( name = `IGNORE_WARNINGS`
                                    row  = 0 ).
    CALL FUNCTION 'BAPI_ACC_STAT_KEY_FIG_POST'
      EXPORTING
        doc_header      = header
        ignore_warnings = ignore_warnings
      IMPORTING
        doc_no          = number
      TABLES
        doc_items       = items
        return          = result-messages.
    result-object_number = number.
  ENDMETHOD.

  METHOD reverse.
    DATA header TYPE bapidochdrr.
    DATA reversals TYPE STANDARD TABLE OF bapidochdrr WITH DEFAULT KEY.
    DATA ignore_warnings TYPE bapiiw-ignwarn.
    payload->fill_structure( EXPORTING name      = `DOC_HEADER`
                             CHANGING  structure = header ).
    ignore_warnings = payload->get( name = `IGNORE_WARNINGS`
                                    row  = 0 ).
    CALL FUNCTION 'BAPI_ACC_ACT_POSTINGS_REVERSE'
      EXPORTING
        doc_header      = header
        ignore_warnings = ignore_warnings
      TABLES
        doc_no          = reversals
        return          = result-messages.
    LOOP AT reversals INTO DATA(reversal).
      result-object_number = reversal-doc_no.
      EXIT.
    ENDLOOP.
  ENDMETHOD.
ENDCLASS.
