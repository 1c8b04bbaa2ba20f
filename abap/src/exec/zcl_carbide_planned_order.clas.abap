"! Planned orders by the BAPIs of business object BUS2006
CLASS zcl_carbide_planned_order DEFINITION PUBLIC FINAL CREATE PUBLIC.
  PUBLIC SECTION.
    INTERFACES zif_carbide_operation.
  PRIVATE SECTION.
    METHODS create
      IMPORTING payload       TYPE REF TO zcl_carbide_payload
      RETURNING VALUE(result) TYPE zif_carbide_operation=>outcome
      RAISING   zcx_carbide_error.
    METHODS change
      IMPORTING payload       TYPE REF TO zcl_carbide_payload
      RETURNING VALUE(result) TYPE zif_carbide_operation=>outcome
      RAISING   zcx_carbide_error.
    METHODS delete
      IMPORTING payload       TYPE REF TO zcl_carbide_payload
      RETURNING VALUE(result) TYPE zif_carbide_operation=>outcome.
ENDCLASS.

CLASS zcl_carbide_planned_order IMPLEMENTATION.
  METHOD zif_carbide_operation~run.
    CASE operation.
      WHEN zcl_carbide_operation_catalog=>known-create_planned_order.
        result = create( payload ).
      WHEN zcl_carbide_operation_catalog=>known-change_planned_order.
        result = change( payload ).
      WHEN OTHERS.
        result = delete( payload ).
    ENDCASE.
  ENDMETHOD.

  METHOD create.
    DATA header TYPE bapiplaf_i1.
    DATA components TYPE STANDARD TABLE OF bapi_pldordcomp_i1 WITH DEFAULT KEY.
    DATA return TYPE bapireturn1.
    DATA number TYPE bapiplaf_i1-plannedorder_num.
    payload->fill_structure( EXPORTING name      = `HEADERDATA`
                             CHANGING  structure = header ).
    payload->fill_table( EXPORTING name  = `COMPONENTSDATA`
                         CHANGING  table = components ).
    CALL FUNCTION 'BAPI_PLANNEDORDER_CREATE'
      EXPORTING
        headerdata     = header
      IMPORTING
        return         = return
        plannedorder   = number
      TABLES
        componentsdata = components.
    result-object_number = number.
    result-messages = zcl_carbide_message=>from_bapireturn1( return ).
  ENDMETHOD.

  METHOD change.
    DATA header TYPE bapiplaf_i2.
    DATA marks TYPE bapiplaf_i2x.
    DATA components TYPE STANDARD TABLE OF bapi_pldordcomp_i1 WITH DEFAULT KEY.
    DATA return TYPE bapireturn1.
    DATA number TYPE bapiplaf_i1-plannedorder_num.
    number = payload->get( name = `PLANNEDORDER`
                           row  = 0 ).
    payload->fill_structure( EXPORTING name      = `HEADERDATA`
                             CHANGING  structure = header ).
    payload->fill_structure( EXPORTING name      = `HEADERDATAX`
                             CHANGING  structure = marks ).
    payload->fill_table( EXPORTING name  = `COMPONENTSDATA`
                         CHANGING  table = components ).
    CALL FUNCTION 'BAPI_PLANNEDORDER_CHANGE'
      EXPORTING
        plannedorder   = number
        headerdata     = header
        headerdatax    = marks
      IMPORTING
        return         = return
      TABLES
        componentsdata = components.
    result-object_number = number.
    result-messages = zcl_carbide_message=>from_bapireturn1( return ).
  ENDMETHOD.

  METHOD delete.
    DATA return TYPE bapireturn1.
    DATA number TYPE bapiplaf_i1-plannedorder_num.
    number = payload->get( name = `PLANNEDORDER`
                           row  = 0 ).
    CALL FUNCTION 'BAPI_PLANNEDORDER_DELETE'
      EXPORTING
        plannedorder = number
      IMPORTING
        return       = return.
    result-object_number = number.
    result-messages = zcl_carbide_message=>from_bapireturn1( return ).
  ENDMETHOD.
ENDCLASS.
