"! What has to hold before a request is looked at any further
CLASS zcl_carbide_request_check DEFINITION PUBLIC FINAL CREATE PUBLIC.
  PUBLIC SECTION.
    TYPES:
      BEGIN OF request,
        entry_key    TYPE zcarbide_entry_key,
        fence        TYPE zcarbide_fence,
        operation    TYPE zcarbide_operation,
        request_hash TYPE zcarbide_hash,
        payload      TYPE string,
      END OF request.

    "! @parameter result            | Payload, if the request is well formed
    "! @raising   zcx_carbide_error | 010 to 019
    METHODS check
      IMPORTING request       TYPE request
      RETURNING VALUE(result) TYPE REF TO zcl_carbide_payload
      RAISING   zcx_carbide_error.

    "! @raising zcx_carbide_error | 010
    METHODS check_key
      IMPORTING entry_key TYPE zcarbide_entry_key
      RAISING   zcx_carbide_error.
  PRIVATE SECTION.
    METHODS check_hash
      IMPORTING request TYPE request
      RAISING   zcx_carbide_error.
    METHODS check_members
      IMPORTING request TYPE request
                payload TYPE REF TO zcl_carbide_payload
                rules   TYPE zcl_carbide_operation_catalog=>rules
      RAISING   zcx_carbide_error.
ENDCLASS.

CLASS zcl_carbide_request_check IMPLEMENTATION.
  METHOD check.
    check_key( request-entry_key ).
    DATA(rules) = NEW zcl_carbide_operation_catalog( )->rules_of( request-operation ).
    result = zcl_carbide_payload=>parse( request-payload ).
    check_hash( request ).
    check_members( request = request
                   payload = result
                   rules   = rules ).
    NEW zcl_carbide_quantity_check( )->check( operation = request-operation
                                              payload   = result ).
  ENDMETHOD.

  METHOD check_key.
    IF entry_key IS INITIAL OR NOT matches( val   = condense( CONV string( entry_key ) )
                                            regex = `[A-Z0-9-]+` ).
      RAISE EXCEPTION TYPE zcx_carbide_error
        EXPORTING
          number = '010'
          v1     = entry_key.
    ENDIF.
  ENDMETHOD.

  METHOD check_hash.
    DATA hash TYPE string.
    TRY.
        cl_abap_message_digest=>calculate_hash_for_raw(
          EXPORTING
            if_algorithm  = 'SHA256'
            if_data       = cl_abap_codepage=>convert_to( request-payload )
          IMPORTING
            ef_hashstring = hash ).
      CATCH cx_abap_message_digest INTO DATA(no_digest).
        RAISE EXCEPTION TYPE zcx_carbide_error
          EXPORTING
            number   = '013'
            previous = no_digest.
    ENDTRY.
    IF to_lower( hash ) <> to_lower( CONV string( request-request_hash ) ).
      RAISE EXCEPTION TYPE zcx_carbide_error
        EXPORTING
          number = '013'.
    ENDIF.
  ENDMETHOD.

  METHOD check_members.
    LOOP AT rules INTO DATA(rule).
      DATA(member) = payload->find( rule-name ).
      IF member IS INITIAL AND rule-needed = abap_false.
        CONTINUE.
      ENDIF.
      IF rule-kind <> member-kind
          OR rule-needed = abap_true AND rule-kind = zcl_carbide_payload=>kind-table AND member-rows = 0.
        RAISE EXCEPTION TYPE zcx_carbide_error
          EXPORTING
            number = '012'
            v1     = rule-name.
      ENDIF.
    ENDLOOP.
    LOOP AT payload->list( ) INTO member.
      IF NOT line_exists( rules[ name = member-name ] ).
        RAISE EXCEPTION TYPE zcx_carbide_error
          EXPORTING
            number = '016'
            v1     = member-name
            v2     = NEW zcl_carbide_operation_catalog( )->bapi_of( request-operation ).
      ENDIF.
    ENDLOOP.
  ENDMETHOD.
ENDCLASS.
