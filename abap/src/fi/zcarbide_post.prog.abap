REPORT zcarbide_post.
" Kilograms in accounting documents by company code, period, cost object and scope. Works without the connector.

TABLES zcarbide_line.

PARAMETERS p_bukrs TYPE zcarbide_line-bukrs OBLIGATORY MEMORY ID buk.
SELECT-OPTIONS s_budat FOR zcarbide_line-budat OBLIGATORY NO-EXTENSION.
PARAMETERS p_total TYPE zcarbide_ledger_total.

CLASS lcl_screen DEFINITION FINAL.
  PUBLIC SECTION.
    METHODS show
      RAISING zcx_carbide_error
              cx_salv_msg
              cx_salv_not_found
              cx_salv_existing
              cx_salv_data_error.
  PRIVATE SECTION.
    DATA shown TYPE zcl_carbide_postings=>postings.

    METHODS compare
      IMPORTING postings TYPE REF TO zcl_carbide_postings
      RAISING   zcx_carbide_error.
    METHODS prepare
      IMPORTING list TYPE REF TO cl_salv_table
      RAISING   cx_salv_not_found
                cx_salv_existing
                cx_salv_data_error.
    METHODS open_document FOR EVENT double_click OF cl_salv_events_table
      IMPORTING row.
ENDCLASS.

CLASS lcl_screen IMPLEMENTATION.
  METHOD show.
    DATA last_day TYPE budat.
    DATA(postings) = NEW zcl_carbide_postings( lines     = NEW zcl_carbide_line_store( )
                                               documents = NEW zcl_carbide_document_number( )
                                               authority = NEW zcl_carbide_authority( ) ).
    DATA(days) = s_budat[ 1 ].
    last_day = days-high.
    IF last_day IS INITIAL.
      last_day = days-low.
    ENDIF.
    shown = postings->list( company_code = p_bukrs
                            first_day    = days-low
                            last_day     = last_day ).
    compare( postings ).
    cl_salv_table=>factory( IMPORTING r_salv_table = DATA(list)
                            CHANGING  t_table      = shown ).
    prepare( list ).
    list->display( ).
  ENDMETHOD.

  METHOD compare.
    IF p_total IS INITIAL.
      RETURN.
    ENDIF.
    DATA(comparison) = postings->compare( postings     = shown
                                          ledger_total = p_total ).
    IF comparison-agrees = abap_true.
      MESSAGE s060(zcarbide) WITH comparison-fi comparison-ledger.
    ELSE.
      MESSAGE s061(zcarbide) WITH comparison-fi comparison-ledger comparison-difference DISPLAY LIKE 'E'.
    ENDIF.
  ENDMETHOD.

  METHOD prepare.
    list->get_functions( )->set_all( ).
    list->get_columns( )->set_optimize( ).
    list->get_layout( )->set_key( VALUE #( report = sy-repid ) ).
    list->get_layout( )->set_save_restriction( if_salv_c_layout=>restrict_none ).
    list->get_layout( )->set_default( abap_true ).
    list->get_sorts( )->add_sort( columnname = 'SCOPE'
                                  subtotal   = abap_true ).
    list->get_sorts( )->add_sort( columnname = 'KOSTL'
                                  subtotal   = abap_true ).
    list->get_aggregations( )->add_aggregation( 'KG' ).
    list->get_columns( )->get_column( 'KG' )->set_quantity_column( 'KG_UNIT' ).
    SET HANDLER open_document FOR list->get_event( ).
  ENDMETHOD.

  METHOD open_document.
    DATA(posting) = VALUE #( shown[ row ] OPTIONAL ).
    IF posting-belnr IS INITIAL.
      RETURN.
    ENDIF.
    SET PARAMETER ID 'BLN' FIELD posting-belnr.
    SET PARAMETER ID 'BUK' FIELD posting-bukrs.
    SET PARAMETER ID 'GJR' FIELD posting-gjahr.
    TRY.
        CALL TRANSACTION 'FB03' WITH AUTHORITY-CHECK AND SKIP FIRST SCREEN.
      CATCH cx_sy_authorization_error.
        MESSAGE s020(zcarbide) WITH 'FB03' DISPLAY LIKE 'E'.
    ENDTRY.
  ENDMETHOD.
ENDCLASS.

START-OF-SELECTION.
  TRY.
      NEW lcl_screen( )->show( ).
    CATCH zcx_carbide_error cx_salv_msg cx_salv_not_found cx_salv_existing cx_salv_data_error INTO DATA(refusal).
      MESSAGE refusal TYPE 'S' DISPLAY LIKE 'E'.
  ENDTRY.
