"! Carbon of planned orders as the connector published it, and what planners ask of the connector. SAP posts
"! nothing here: the connector fetches the requests, does what it can and answers.
CLASS zcl_carbide_plan DEFINITION PUBLIC FINAL CREATE PUBLIC.
  PUBLIC SECTION.
    CONSTANTS:
      BEGIN OF action,
        release   TYPE zcarbide_action VALUE 'RELEASE',
        take_back TYPE zcarbide_action VALUE 'TAKE_BACK',
      END OF action,
      BEGIN OF state,
        proposed   TYPE zcarbide_plan_state VALUE 'PROPOSED',
        posted     TYPE zcarbide_plan_state VALUE 'POSTED',
        confirmed  TYPE zcarbide_plan_state VALUE 'CONFIRMED',
        taken_back TYPE zcarbide_plan_state VALUE 'TAKEN_BACK',
        conflict   TYPE zcarbide_plan_state VALUE 'CONFLICT',
        held       TYPE zcarbide_plan_state VALUE 'HELD',
        withdrawn  TYPE zcarbide_plan_state VALUE 'WITHDRAWN',
      END OF state,
      BEGIN OF light,
        red    TYPE c LENGTH 1 VALUE '1',
        yellow TYPE c LENGTH 1 VALUE '2',
        green  TYPE c LENGTH 1 VALUE '3',
      END OF light.

    TYPES:
      BEGIN OF row,
        light           TYPE c LENGTH 1,
        requirement     TYPE zcarbide_plan-requirement,
        plnum           TYPE zcarbide_plan-plnum,
        matnr           TYPE zcarbide_plan-matnr,
        plwrk           TYPE zcarbide_plan-plwrk,
        gsmng           TYPE zcarbide_plan-gsmng,
        meins           TYPE zcarbide_plan-meins,
        kg_before       TYPE zcarbide_plan-kg_before,
        kg_after        TYPE zcarbide_plan-kg_after,
        kg_saved        TYPE zcarbide_kg_saved,
        kg_unit         TYPE zcarbide_plan-kg_unit,
        per_unit_before TYPE zcarbide_intensity,
        per_unit_after  TYPE zcarbide_intensity,
        state           TYPE zcarbide_plan-state,
        window_until    TYPE zcarbide_plan-window_until,
        seconds_left    TYPE i,
        request         TYPE zcarbide_request-action,
        reason          TYPE zcarbide_plan-reason,
        change_set      TYPE zcarbide_plan-change_set,
        evidence        TYPE zcarbide_plan-evidence,
      END OF row,
      rows TYPE STANDARD TABLE OF row WITH DEFAULT KEY,
      BEGIN OF parts,
        store       TYPE REF TO zif_carbide_plan_store,
        authority   TYPE REF TO zif_carbide_authority,
        clock       TYPE REF TO zif_carbide_clock,
        transaction TYPE REF TO zif_carbide_transaction,
        "! Not bound where the fields were not imported
        fields      TYPE REF TO zif_carbide_order_fields,
      END OF parts.

    "! @parameter environment | Tables, rights, time, commit
    METHODS constructor
      IMPORTING environment TYPE parts.

    "! @parameter plans             | All or none are kept
    "! @raising   zcx_carbide_error | 020; 055 a row makes no sense; 025 not written
    METHODS publish
      IMPORTING plans TYPE zif_carbide_plan_store=>plans
      RAISING   zcx_carbide_error.

    "! @parameter result            | Orders of the plant with traffic light and seconds left of the window
    "! @raising   zcx_carbide_error | 020
    METHODS list
      IMPORTING plant         TYPE zcarbide_plan-plwrk
      RETURNING VALUE(result) TYPE rows
      RAISING   zcx_carbide_error.

    "! Whether the connector may be asked for this; asks for nothing
    "! @parameter wanted            | See the constants
    "! @raising   zcx_carbide_error | 020, 032, 050, 051, 052 or 054
    METHODS simulate
      IMPORTING requirement TYPE zcarbide_plan-requirement
                wanted      TYPE zcarbide_action
      RAISING   zcx_carbide_error.

    "! For callers who write and commit themselves
    "! @parameter result            | The request
    "! @raising   zcx_carbide_error | As simulate
    METHODS prepare
      IMPORTING requirement   TYPE zcarbide_plan-requirement
                wanted        TYPE zcarbide_action
      RETURNING VALUE(result) TYPE zcarbide_request
      RAISING   zcx_carbide_error.

    "! @raising zcx_carbide_error | As simulate; 025 not written
    METHODS request
      IMPORTING requirement TYPE zcarbide_plan-requirement
                wanted      TYPE zcarbide_action
      RAISING   zcx_carbide_error.

    "! @parameter answers           | Requests with status DONE or REFUSED; unknown ones are left out
    "! @parameter result            | What is still open
    "! @raising   zcx_carbide_error | 020; 025
    METHODS answer
      IMPORTING answers       TYPE zif_carbide_plan_store=>requests
      RETURNING VALUE(result) TYPE zif_carbide_plan_store=>requests
      RAISING   zcx_carbide_error.
  PRIVATE SECTION.
    DATA environment TYPE parts.

    METHODS check_row
      IMPORTING plan TYPE zcarbide_plan
      RAISING   zcx_carbide_error.
    METHODS fill_orders
      IMPORTING plans TYPE zif_carbide_plan_store=>plans.
    METHODS light_of
      IMPORTING plan          TYPE zcarbide_plan
                request       TYPE zcarbide_action
      RETURNING VALUE(result) TYPE row-light.
    METHODS check_state
      IMPORTING plan   TYPE zcarbide_plan
                wanted TYPE zcarbide_action
      RAISING   zcx_carbide_error.
    "! What people call it: the order as soon as it has a number
    METHODS name_of
      IMPORTING plan          TYPE zcarbide_plan
      RETURNING VALUE(result) TYPE zcarbide_plan-requirement.
    METHODS commit
      IMPORTING what TYPE csequence
      RAISING   zcx_carbide_error.
ENDCLASS.

CLASS zcl_carbide_plan IMPLEMENTATION.
  METHOD constructor.
    me->environment = environment.
  ENDMETHOD.

  METHOD publish.
    environment-authority->check( activity  = zif_carbide_authority=>activity-execute
                                  operation = 'PLAN_PUBLISH' ).
    DATA(now) = environment-clock->now( ).
    DATA(rows) = plans.
    LOOP AT rows ASSIGNING FIELD-SYMBOL(<plan>).
      check_row( <plan> ).
      <plan>-published_at = now.
    ENDLOOP.
    IF rows IS INITIAL.
      RETURN.
    ENDIF.
    environment-store->put( rows ).
    fill_orders( rows ).
    commit( 'ZCARBIDE_PLAN' ).
  ENDMETHOD.

  METHOD fill_orders.
    IF environment-fields IS NOT BOUND.
      RETURN.
    ENDIF.
    " An order that was taken back or changed by others is not ours to describe
    environment-fields->put( VALUE #( FOR plan IN plans
                                      WHERE ( state = 'POSTED' OR state = 'CONFIRMED' )
                                      ( plan ) ) ).
  ENDMETHOD.

  METHOD check_row.
    DATA(has_order) = xsdbool( plan-state <> state-proposed AND plan-state <> state-withdrawn ).
    DATA(wrong) = COND string( WHEN plan-requirement IS INITIAL THEN `REQUIREMENT`
                               WHEN plan-plnum IS INITIAL AND has_order = abap_true THEN `PLNUM`
                               WHEN plan-plwrk IS INITIAL THEN `PLWRK`
                               WHEN plan-gsmng <= 0 THEN `GSMNG`
                               WHEN plan-meins IS INITIAL THEN `MEINS`
                               WHEN plan-kg_before < 0 THEN `KG_BEFORE`
                               WHEN plan-kg_after < 0 THEN `KG_AFTER`
                               WHEN plan-kg_unit <> 'KG' THEN `KG_UNIT`
                               WHEN plan-state = state-posted AND plan-window_until IS INITIAL THEN `WINDOW_UNTIL`
                               WHEN plan-state <> state-proposed AND plan-state <> state-posted
                                AND plan-state <> state-confirmed AND plan-state <> state-taken_back
                                AND plan-state <> state-conflict AND plan-state <> state-held
                                AND plan-state <> state-withdrawn THEN `STATE` ).
    IF wrong IS NOT INITIAL.
      RAISE EXCEPTION TYPE zcx_carbide_error
        EXPORTING
          number = '055'
          v1     = name_of( plan )
          v2     = wrong.
    ENDIF.
  ENDMETHOD.

  METHOD list.
    environment-authority->check( activity  = zif_carbide_authority=>activity-display
                                  operation = 'PLAN' ).
    environment-authority->check_plant( plant ).
    DATA(open) = environment-store->open_requests( ).
    DATA(now) = environment-clock->now( ).
    LOOP AT environment-store->in_plant( plant ) INTO DATA(plan).
      DATA(row) = CORRESPONDING row( plan ).
      row-request = VALUE #( open[ requirement = plan-requirement ]-action OPTIONAL ).
      row-kg_saved = plan-kg_before - plan-kg_after.
      row-per_unit_before = plan-kg_before / plan-gsmng.
      row-per_unit_after = plan-kg_after / plan-gsmng.
      row-light = light_of( plan    = plan
                            request = row-request ).
      IF plan-state = state-posted.
        row-seconds_left = nmax( val1 = 0
                                 val2 = zcl_carbide_clock=>seconds_between( since = now
                                                                            until = plan-window_until ) ).
      ENDIF.
      INSERT row INTO TABLE result.
    ENDLOOP.
  ENDMETHOD.

  METHOD light_of.
    IF plan-state = state-conflict OR plan-state = state-held OR plan-kg_after > plan-kg_before.
      result = light-red.
    ELSEIF plan-state = state-posted OR request IS NOT INITIAL.
      result = light-yellow.
    ELSE.
      result = light-green.
    ENDIF.
  ENDMETHOD.

  METHOD simulate.
    IF wanted <> action-release AND wanted <> action-take_back.
      RAISE EXCEPTION TYPE zcx_carbide_error
        EXPORTING
          number = '032'
          v1     = wanted.
    ENDIF.
    environment-authority->check( activity  = zif_carbide_authority=>activity-execute
                                  operation = |PLAN_{ wanted }| ).
    DATA(plan) = environment-store->find( requirement ).
    IF plan IS INITIAL.
      RAISE EXCEPTION TYPE zcx_carbide_error
        EXPORTING
          number = '050'
          v1     = requirement.
    ENDIF.
    environment-authority->check_plant( plan-plwrk ).
    check_state( plan   = plan
                 wanted = wanted ).
    DATA(open) = environment-store->open_requests( ).
    IF line_exists( open[ requirement = requirement ] ).
      RAISE EXCEPTION TYPE zcx_carbide_error
        EXPORTING
          number = '052'
          v1     = open[ requirement = requirement ]-action
          v2     = name_of( plan ).
    ENDIF.
  ENDMETHOD.

  METHOD check_state.
    DATA(needed) = COND zcarbide_plan_state( WHEN wanted = action-release THEN state-proposed
                                             ELSE state-posted ).
    IF plan-state <> needed.
      RAISE EXCEPTION TYPE zcx_carbide_error
        EXPORTING
          number = '054'
          v1     = wanted
          v2     = plan-state
          v3     = name_of( plan ).
    ENDIF.
    IF wanted = action-take_back AND environment-clock->now( ) >= plan-window_until.
      RAISE EXCEPTION TYPE zcx_carbide_error
        EXPORTING
          number = '051'
          v1     = name_of( plan )
          v2     = plan-window_until.
    ENDIF.
  ENDMETHOD.

  METHOD prepare.
    simulate( requirement = requirement
              wanted      = wanted ).
    DATA(now) = environment-clock->now( ).
    DATA(plan) = environment-store->find( requirement ).
    result = VALUE #( request_id   = environment-store->new_request_id( now )
                      requirement  = requirement
                      plnum        = plan-plnum
                      change_set   = plan-change_set
                      action       = wanted
                      status       = zif_carbide_plan_store=>status-open
                      requested_by = sy-uname
                      requested_at = now ).
  ENDMETHOD.

  METHOD request.
    environment-store->put_request( prepare( requirement = requirement
                                             wanted      = wanted ) ).
    commit( 'ZCARBIDE_REQUEST' ).
  ENDMETHOD.

  METHOD answer.
    environment-authority->check( activity  = zif_carbide_authority=>activity-execute
                                  operation = 'PLAN_ANSWER' ).
    DATA(open) = environment-store->open_requests( ).
    LOOP AT open INTO DATA(request).
      DATA(given) = VALUE #( answers[ request_id = request-request_id ] OPTIONAL ).
      IF given-status = zif_carbide_plan_store=>status-done OR given-status = zif_carbide_plan_store=>status-refused.
        request-status = given-status.
        request-answer = given-answer.
        environment-store->put_request( request ).
      ELSE.
        INSERT request INTO TABLE result.
      ENDIF.
    ENDLOOP.
    IF lines( result ) < lines( open ).
      commit( 'ZCARBIDE_REQUEST' ).
    ENDIF.
  ENDMETHOD.

  METHOD name_of.
    result = COND #( WHEN plan-plnum IS INITIAL THEN plan-requirement
                     ELSE plan-plnum ).
  ENDMETHOD.

  METHOD commit.
    IF environment-transaction->commit( ) = abap_false.
      environment-transaction->roll_back( ).
      RAISE EXCEPTION TYPE zcx_carbide_error
        EXPORTING
          number = '025'
          v1     = what.
    ENDIF.
  ENDMETHOD.
ENDCLASS.
