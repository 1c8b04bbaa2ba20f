"! What is asked for in this interaction: written when it is saved, forgotten when it is not
CLASS lcl_requests DEFINITION FINAL CREATE PRIVATE.
  PUBLIC SECTION.
    CLASS-METHODS ask
      IMPORTING requirement TYPE zcarbide_plan-requirement
                wanted      TYPE zcarbide_action
      RAISING   zcx_carbide_error.
    CLASS-METHODS write.
    CLASS-METHODS forget.
  PRIVATE SECTION.
    CLASS-DATA asked TYPE zif_carbide_plan_store=>requests.
ENDCLASS.

CLASS lcl_requests IMPLEMENTATION.
  METHOD ask.
    INSERT zcl_carbide_factory=>plan( )->prepare( requirement = requirement
                                                  wanted      = wanted ) INTO TABLE asked.
  ENDMETHOD.

  METHOD write.
    DATA(store) = CAST zif_carbide_plan_store( NEW zcl_carbide_plan_store( ) ).
    LOOP AT asked INTO DATA(request).
      store->put_request( request ).
    ENDLOOP.
  ENDMETHOD.

  METHOD forget.
    CLEAR asked.
  ENDMETHOD.
ENDCLASS.

CLASS lcl_plan DEFINITION FINAL INHERITING FROM cl_abap_behavior_handler.
  PRIVATE SECTION.
    METHODS release FOR MODIFY
      IMPORTING keys FOR ACTION plannedordercarbon~release.
    METHODS take_back FOR MODIFY
      IMPORTING keys FOR ACTION plannedordercarbon~takeback.
    METHODS read FOR READ
      IMPORTING keys FOR READ plannedordercarbon RESULT result.
    METHODS lock FOR LOCK
      IMPORTING keys FOR LOCK plannedordercarbon.
    METHODS message_of
      IMPORTING refusal       TYPE REF TO zcx_carbide_error
      RETURNING VALUE(result) TYPE REF TO if_abap_behv_message.
ENDCLASS.

CLASS lcl_plan IMPLEMENTATION.
  METHOD release.
    LOOP AT keys INTO DATA(key).
      TRY.
          lcl_requests=>ask( requirement = key-requirement
                             wanted      = zcl_carbide_plan=>action-release ).
        CATCH zcx_carbide_error INTO DATA(refusal).
          INSERT VALUE #( requirement = key-requirement ) INTO TABLE failed-plannedordercarbon.
          INSERT VALUE #( requirement = key-requirement
                          %msg        = message_of( refusal ) ) INTO TABLE reported-plannedordercarbon.
      ENDTRY.
    ENDLOOP.
  ENDMETHOD.

  METHOD take_back.
    LOOP AT keys INTO DATA(key).
      TRY.
          lcl_requests=>ask( requirement = key-requirement
                             wanted      = zcl_carbide_plan=>action-take_back ).
        CATCH zcx_carbide_error INTO DATA(refusal).
          INSERT VALUE #( requirement = key-requirement ) INTO TABLE failed-plannedordercarbon.
          INSERT VALUE #( requirement = key-requirement
                          %msg        = message_of( refusal ) ) INTO TABLE reported-plannedordercarbon.
      ENDTRY.
    ENDLOOP.
  ENDMETHOD.

  METHOD read.
    IF keys IS NOT INITIAL.
      SELECT * FROM zr_carbideplan
        FOR ALL ENTRIES IN @keys
        WHERE requirement = @keys-requirement
        ORDER BY PRIMARY KEY
        INTO CORRESPONDING FIELDS OF TABLE @result ##SUBRC_OK.
    ENDIF.
  ENDMETHOD.

  METHOD lock.
    " A request is a row of its own; the connector decides in the order of the rows
    RETURN.
  ENDMETHOD.

  METHOD message_of.
    result = new_message( id       = 'ZCARBIDE'
                          number   = refusal->if_t100_message~t100key-msgno
                          severity = if_abap_behv_message=>severity-error
                          v1       = refusal->v1
                          v2       = refusal->v2
                          v3       = refusal->v3 ).
  ENDMETHOD.
ENDCLASS.

CLASS lcl_saver DEFINITION FINAL INHERITING FROM cl_abap_behavior_saver.
  PROTECTED SECTION.
    METHODS finalize REDEFINITION.
    METHODS check_before_save REDEFINITION.
    METHODS save REDEFINITION.
    METHODS cleanup REDEFINITION.
ENDCLASS.

CLASS lcl_saver IMPLEMENTATION.
  METHOD finalize.
    RETURN.
  ENDMETHOD.

  METHOD check_before_save.
    RETURN.
  ENDMETHOD.

  METHOD save.
    lcl_requests=>write( ).
  ENDMETHOD.

  METHOD cleanup.
    lcl_requests=>forget( ).
  ENDMETHOD.
ENDCLASS.
