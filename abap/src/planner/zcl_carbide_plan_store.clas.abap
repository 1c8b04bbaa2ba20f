"! Tables ZCARBIDE_PLAN and ZCARBIDE_REQUEST
CLASS zcl_carbide_plan_store DEFINITION PUBLIC FINAL CREATE PUBLIC.
  PUBLIC SECTION.
    INTERFACES zif_carbide_plan_store.
ENDCLASS.

CLASS zcl_carbide_plan_store IMPLEMENTATION.
  METHOD zif_carbide_plan_store~find.
    SELECT SINGLE * FROM zcarbide_plan WHERE requirement = @requirement INTO @result.
    IF sy-subrc <> 0.
      CLEAR result.
    ENDIF.
  ENDMETHOD.

  METHOD zif_carbide_plan_store~in_plant.
    SELECT * FROM zcarbide_plan WHERE plwrk = @plant ORDER BY PRIMARY KEY INTO TABLE @result.
    IF sy-subrc <> 0.
      CLEAR result.
    ENDIF.
  ENDMETHOD.

  METHOD zif_carbide_plan_store~put.
    MODIFY zcarbide_plan FROM TABLE @plans.
    ASSERT sy-subrc = 0.
  ENDMETHOD.

  METHOD zif_carbide_plan_store~open_requests.
    SELECT * FROM zcarbide_request WHERE status = @zif_carbide_plan_store=>status-open
      ORDER BY requested_at, request_id
      INTO TABLE @result.
    IF sy-subrc <> 0.
      CLEAR result.
    ENDIF.
  ENDMETHOD.

  METHOD zif_carbide_plan_store~new_request_id.
    TRY.
        result = |{ now }{ cl_system_uuid=>create_uuid_c32_static( ) }|.
      CATCH cx_uuid_error INTO DATA(cause).
        RAISE EXCEPTION TYPE zcx_carbide_error
          EXPORTING
            previous = cause
            number   = '025'
            v1       = 'ZCARBIDE_REQUEST'.
    ENDTRY.
  ENDMETHOD.

  METHOD zif_carbide_plan_store~put_request.
    MODIFY zcarbide_request FROM @request.
    ASSERT sy-subrc = 0.
  ENDMETHOD.
ENDCLASS.
