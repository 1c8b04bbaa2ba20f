"! Accounting documents by the BAPIs of function group ACC9, with the kilograms of their lines
CLASS zcl_carbide_document DEFINITION PUBLIC FINAL CREATE PUBLIC.
  PUBLIC SECTION.
    INTERFACES zif_carbide_operation.
    "! @parameter lines | Where the kilograms of the lines are kept
    METHODS constructor
      IMPORTING lines TYPE REF TO zif_carbide_line_store.
  PRIVATE SECTION.
    "! Documents whose number is their reference key
    CONSTANTS numbered_by_sap TYPE c LENGTH 5 VALUE 'BKPFF'.
    DATA lines TYPE REF TO zif_carbide_line_store.

    METHODS post
      IMPORTING payload       TYPE REF TO zcl_carbide_payload
      RETURNING VALUE(result) TYPE zif_carbide_operation=>outcome
      RAISING   zcx_carbide_error.
    METHODS reverse
      IMPORTING payload       TYPE REF TO zcl_carbide_payload
      RETURNING VALUE(result) TYPE zif_carbide_operation=>outcome
      RAISING   zcx_carbide_error.
    METHODS complete
      IMPORTING object_type   TYPE csequence
                object_key    TYPE csequence
                object_system TYPE csequence
                messages      TYPE bapiret2_t
      RETURNING VALUE(result) TYPE zif_carbide_operation=>outcome.
ENDCLASS.

CLASS zcl_carbide_document IMPLEMENTATION.
  METHOD constructor.
    me->lines = lines.
  ENDMETHOD.

  METHOD zif_carbide_operation~run.
    IF operation = zcl_carbide_operation_catalog=>known-post_document.
      result = post( payload ).
    ELSE.
      result = reverse( payload ).
    ENDIF.
  ENDMETHOD.

  METHOD post.
    DATA header TYPE bapiache09.
    DATA accounts TYPE zcl_carbide_fi_lines=>accounts.
    DATA amounts TYPE STANDARD TABLE OF bapiaccr09 WITH DEFAULT KEY.
    DATA extension TYPE zcl_carbide_fi_lines=>extension.
    DATA messages TYPE bapiret2_t.
    DATA object_type TYPE bapiache09-obj_type.
    DATA object_key TYPE bapiache09-obj_key.
    DATA object_system TYPE bapiache09-obj_sys.
    payload->fill_structure( EXPORTING name      = `DOCUMENTHEADER`
                             CHANGING  structure = header ).
    IF header-username IS INITIAL.
      header-username = sy-uname.
    ENDIF.
    payload->fill_table( EXPORTING name  = `ACCOUNTGL`
                         CHANGING  table = accounts ).
    payload->fill_table( EXPORTING name  = `CURRENCYAMOUNT`
                         CHANGING  table = amounts ).
    payload->fill_table( EXPORTING name  = `EXTENSION2`
                         CHANGING  table = extension ).
    DATA(sent_extension) = extension.
    DATA(sent_accounts) = accounts.
    CALL FUNCTION 'BAPI_ACC_DOCUMENT_POST'
      EXPORTING
        documentheader = header
      IMPORTING
        obj_type       = object_type
        obj_key        = object_key
        obj_sys        = object_system
      TABLES
        accountgl      = accounts
        currencyamount = amounts
        extension2     = extension
        return         = messages.
    result = complete( object_type   = object_type
                       object_key    = object_key
                       object_system = object_system
                       messages      = messages ).
    IF zcl_carbide_message=>is_refusal( messages ) = abap_false.
      " The BAPI may use up the rows that it was given
      lines->insert( zcl_carbide_fi_lines=>of_document( extension     = sent_extension
                                                        accounts      = sent_accounts
                                                        company_code  = header-comp_code
                                                        posting_date  = header-pstng_date
                                                        object_type   = object_type
                                                        object_key    = object_key
                                                        object_system = object_system ) ).
    ENDIF.
  ENDMETHOD.

  METHOD reverse.
    DATA reversal TYPE bapiacrev.
    DATA business_transaction TYPE bapiache09-bus_act.
    DATA messages TYPE bapiret2_t.
    DATA object_type TYPE bapiache09-obj_type.
    DATA object_key TYPE bapiache09-obj_key.
    DATA object_system TYPE bapiache09-obj_sys.
    payload->fill_structure( EXPORTING name      = `REVERSAL`
                             CHANGING  structure = reversal ).
    business_transaction = payload->get( name = `BUS_ACT`
                                         row  = 0 ).
    CALL FUNCTION 'BAPI_ACC_DOCUMENT_REV_POST'
      EXPORTING
        reversal = reversal
        bus_act  = business_transaction
      IMPORTING
        obj_type = object_type
        obj_key  = object_key
        obj_sys  = object_system
      TABLES
        return   = messages.
    result = complete( object_type   = object_type
                       object_key    = object_key
                       object_system = object_system
                       messages      = messages ).
    IF zcl_carbide_message=>is_refusal( messages ) = abap_false.
      DATA(original) = lines->find( object_type   = reversal-obj_type
                                    object_key    = reversal-obj_key_r
                                    object_system = reversal-obj_sys ).
      lines->insert( zcl_carbide_fi_lines=>of_reversal( original      = original
                                                        posting_date  = reversal-pstng_date
                                                        object_type   = object_type
                                                        object_key    = object_key
                                                        object_system = object_system ) ).
    ENDIF.
  ENDMETHOD.

  METHOD complete.
    DATA reference TYPE c LENGTH 40.
    result-messages = messages.
    IF object_type = numbered_by_sap.
      result-object_number = object_key.
      RETURN.
    ENDIF.
    reference(5) = object_type.
    reference+5(20) = object_key.
    reference+25(10) = object_system.
    result-reference = reference.
  ENDMETHOD.
ENDCLASS.
