CLASS ltcl_plan DEFINITION FINAL FOR TESTING DURATION SHORT RISK LEVEL HARMLESS.
  PUBLIC SECTION.
    INTERFACES zif_carbide_plan_store.
    INTERFACES zif_carbide_authority.
    INTERFACES zif_carbide_clock.
    INTERFACES zif_carbide_transaction.
    INTERFACES zif_carbide_order_fields.
  PRIVATE SECTION.
    DATA plans TYPE zif_carbide_plan_store=>plans.
    DATA requests TYPE zif_carbide_plan_store=>requests.
    DATA filled TYPE zif_carbide_plan_store=>plans.
    DATA forbidden TYPE string.
    DATA committed TYPE abap_bool.
    DATA commit_fails TYPE abap_bool.
    DATA plan TYPE REF TO zcl_carbide_plan.

    METHODS setup.
    METHODS shows_carbon_per_unit FOR TESTING RAISING zcx_carbide_error.
    METHODS counts_the_window_down_to_zero FOR TESTING RAISING zcx_carbide_error.
    METHODS light_tells_what_needs_a_look FOR TESTING RAISING zcx_carbide_error.
    METHODS releases_a_proposal_once FOR TESTING RAISING zcx_carbide_error.
    METHODS simulation_asks_for_nothing FOR TESTING RAISING zcx_carbide_error.
    METHODS prepares_and_writes_nothing FOR TESTING RAISING zcx_carbide_error.
    METHODS takes_back_in_the_window_only FOR TESTING RAISING zcx_carbide_error.
    METHODS refuses_what_state_forbids FOR TESTING.
    METHODS refuses_without_right FOR TESTING.
    METHODS keeps_no_row_if_one_is_wrong FOR TESTING.
    METHODS publishes_with_its_time FOR TESTING RAISING zcx_carbide_error.
    METHODS fills_orders_that_are_ours FOR TESTING RAISING zcx_carbide_error.
    METHODS an_answer_closes_the_request FOR TESTING RAISING zcx_carbide_error.
    METHODS tells_if_nothing_was_written FOR TESTING.
    METHODS refusal_of
      IMPORTING requirement   TYPE zcarbide_plan-requirement
                wanted        TYPE zcarbide_action
      RETURNING VALUE(result) TYPE symsgno.
    METHODS refusal_of_publishing
      IMPORTING rows          TYPE zif_carbide_plan_store=>plans
      RETURNING VALUE(result) TYPE symsgno.
ENDCLASS.

CLASS ltcl_plan IMPLEMENTATION.
  METHOD zif_carbide_plan_store~find.
    result = VALUE #( plans[ requirement = requirement ] OPTIONAL ).
  ENDMETHOD.

  METHOD zif_carbide_plan_store~in_plant.
    LOOP AT plans INTO DATA(row) WHERE plwrk = plant.
      INSERT row INTO TABLE result.
    ENDLOOP.
  ENDMETHOD.

  METHOD zif_carbide_plan_store~put.
    me->plans = plans.
  ENDMETHOD.

  METHOD zif_carbide_plan_store~open_requests.
    LOOP AT requests INTO DATA(row) WHERE status = 'OPEN'.
      INSERT row INTO TABLE result.
    ENDLOOP.
  ENDMETHOD.

  METHOD zif_carbide_plan_store~new_request_id.
    result = |{ now }{ lines( requests ) }|.
  ENDMETHOD.

  METHOD zif_carbide_plan_store~put_request.
    DELETE requests WHERE request_id = request-request_id.
    INSERT request INTO TABLE requests.
  ENDMETHOD.

  METHOD zif_carbide_authority~check.
    IF operation = forbidden.
      RAISE EXCEPTION TYPE zcx_carbide_error
        EXPORTING
          number = '020'.
    ENDIF.
  ENDMETHOD.

  METHOD zif_carbide_authority~check_company_code.
    RETURN.
  ENDMETHOD.

  METHOD zif_carbide_authority~check_plant.
    IF plant = forbidden.
      RAISE EXCEPTION TYPE zcx_carbide_error
        EXPORTING
          number = '020'.
    ENDIF.
  ENDMETHOD.

  METHOD zif_carbide_clock~now.
    result = '20261126080000'.
  ENDMETHOD.

  METHOD zif_carbide_transaction~commit.
    committed = abap_true.
    result = xsdbool( commit_fails = abap_false ).
  ENDMETHOD.

  METHOD zif_carbide_transaction~roll_back.
    RETURN.
  ENDMETHOD.

  METHOD zif_carbide_order_fields~put.
    filled = plans.
  ENDMETHOD.

  METHOD setup.
    plans = VALUE #( plwrk   = '1010'
                     gsmng   = 4
                     meins   = 'ST'
                     kg_unit = 'KG'
                     ( requirement = '1'
                       kg_before   = 12
                       kg_after    = 10
                       state       = 'PROPOSED'
                       change_set  = 'PLAN-A' )
                     ( requirement  = '2'
                       plnum        = '0002'
                       kg_before    = 8
                       kg_after     = 8
                       state        = 'POSTED'
                       window_until = '20261126080130' )
                     ( requirement  = '3'
                       plnum        = '0003'
                       state        = 'POSTED'
                       window_until = '20261126075959' )
                     ( requirement = '4'
                       plnum       = '0004'
                       state       = 'CONFLICT' ) ).
    plan = NEW #( VALUE #( store       = me
                           authority   = me
                           clock       = me
                           transaction = me
                           fields      = me ) ).
  ENDMETHOD.

  METHOD refusal_of.
    TRY.
        plan->request( requirement = requirement
                       wanted      = wanted ).
      CATCH zcx_carbide_error INTO DATA(refusal).
        result = refusal->if_t100_message~t100key-msgno.
    ENDTRY.
  ENDMETHOD.

  METHOD refusal_of_publishing.
    TRY.
        plan->publish( rows ).
      CATCH zcx_carbide_error INTO DATA(refusal).
        result = refusal->if_t100_message~t100key-msgno.
    ENDTRY.
  ENDMETHOD.

  METHOD shows_carbon_per_unit.
    DATA(shown) = plan->list( '1010' ).

    cl_abap_unit_assert=>assert_equals( act = shown[ 1 ]-per_unit_before
                                        exp = 3 ).
    cl_abap_unit_assert=>assert_equals( act = shown[ 1 ]-per_unit_after
                                        exp = '2.5' ).
    cl_abap_unit_assert=>assert_equals( act = shown[ 1 ]-kg_saved
                                        exp = 2 ).
  ENDMETHOD.

  METHOD counts_the_window_down_to_zero.
    DATA(shown) = plan->list( '1010' ).

    cl_abap_unit_assert=>assert_equals( act = shown[ 2 ]-seconds_left
                                        exp = 90 ).
    cl_abap_unit_assert=>assert_equals( act = shown[ 3 ]-seconds_left
                                        exp = 0 ).
  ENDMETHOD.

  METHOD light_tells_what_needs_a_look.
    plans[ 3 ]-state = 'CONFIRMED'.
    plans[ 3 ]-kg_after = 1.

    DATA(shown) = plan->list( '1010' ).

    cl_abap_unit_assert=>assert_equals( act = |{ shown[ 1 ]-light }{ shown[ 2 ]-light }{ shown[ 3 ]-light }|
                                        exp = `321` ).
    cl_abap_unit_assert=>assert_equals( act = shown[ 4 ]-light
                                        exp = '1' ).
  ENDMETHOD.

  METHOD releases_a_proposal_once.
    plan->request( requirement = '1'
                   wanted      = 'RELEASE' ).

    cl_abap_unit_assert=>assert_true( committed ).
    cl_abap_unit_assert=>assert_equals( act = requests[ 1 ]-action
                                        exp = 'RELEASE' ).
    cl_abap_unit_assert=>assert_equals( act = refusal_of( requirement = '1'
                                                          wanted      = 'RELEASE' )
                                        exp = '052' ).
    " What was seen is what may be released: a plan made since has another change set
    cl_abap_unit_assert=>assert_equals( act = requests[ 1 ]-change_set
                                        exp = 'PLAN-A' ).
    DATA(shown) = plan->list( '1010' ).
    cl_abap_unit_assert=>assert_equals( act = shown[ 1 ]-request && shown[ 1 ]-light
                                        exp = 'RELEASE2' ).
  ENDMETHOD.

  METHOD simulation_asks_for_nothing.
    plan->simulate( requirement = '1'
                    wanted      = 'RELEASE' ).

    cl_abap_unit_assert=>assert_initial( requests ).
    cl_abap_unit_assert=>assert_false( committed ).
  ENDMETHOD.

  METHOD prepares_and_writes_nothing.
    DATA(prepared) = plan->prepare( requirement = '2'
                                    wanted      = 'TAKE_BACK' ).

    cl_abap_unit_assert=>assert_equals( act = |{ prepared-requirement } { prepared-plnum } { prepared-status }|
                                        exp = `2 0002 OPEN` ).
    cl_abap_unit_assert=>assert_initial( requests ).
    cl_abap_unit_assert=>assert_false( committed ).
  ENDMETHOD.

  METHOD takes_back_in_the_window_only.
    cl_abap_unit_assert=>assert_equals( act = refusal_of( requirement = '3'
                                                          wanted      = 'TAKE_BACK' )
                                        exp = '051' ).

    plan->request( requirement = '2'
                   wanted      = 'TAKE_BACK' ).

    cl_abap_unit_assert=>assert_equals( act = requests[ 1 ]-plnum
                                        exp = '0002' ).
  ENDMETHOD.

  METHOD refuses_what_state_forbids.
    cl_abap_unit_assert=>assert_equals( act = refusal_of( requirement = '1'
                                                          wanted      = 'TAKE_BACK' )
                                        exp = '054' ).
    cl_abap_unit_assert=>assert_equals( act = refusal_of( requirement = '4'
                                                          wanted      = 'RELEASE' )
                                        exp = '054' ).
    cl_abap_unit_assert=>assert_equals( act = refusal_of( requirement = '9'
                                                          wanted      = 'RELEASE' )
                                        exp = '050' ).
    cl_abap_unit_assert=>assert_equals( act = refusal_of( requirement = '1'
                                                          wanted      = 'DELETE' )
                                        exp = '032' ).
    cl_abap_unit_assert=>assert_initial( requests ).
  ENDMETHOD.

  METHOD refuses_without_right.
    forbidden = `PLAN_RELEASE`.
    cl_abap_unit_assert=>assert_equals( act = refusal_of( requirement = '1'
                                                          wanted      = 'RELEASE' )
                                        exp = '020' ).
    forbidden = `1010`.
    cl_abap_unit_assert=>assert_equals( act = refusal_of( requirement = '1'
                                                          wanted      = 'RELEASE' )
                                        exp = '020' ).
    forbidden = `PLAN_PUBLISH`.
    cl_abap_unit_assert=>assert_equals( act = refusal_of_publishing( plans )
                                        exp = '020' ).
  ENDMETHOD.

  METHOD keeps_no_row_if_one_is_wrong.
    DATA(rows) = plans.
    rows[ 2 ]-kg_unit = 'TO'.
    cl_abap_unit_assert=>assert_equals( act = refusal_of_publishing( rows )
                                        exp = '055' ).
    rows[ 2 ]-kg_unit = 'KG'.
    rows[ 1 ]-gsmng = 0.
    cl_abap_unit_assert=>assert_equals( act = refusal_of_publishing( rows )
                                        exp = '055' ).
    rows[ 1 ]-gsmng = 1.
    CLEAR rows[ 2 ]-plnum.
    cl_abap_unit_assert=>assert_equals( act = refusal_of_publishing( rows )
                                        exp = '055' ).
    rows[ 2 ]-plnum = '0002'.
    CLEAR rows[ 1 ]-requirement.
    cl_abap_unit_assert=>assert_equals( act = refusal_of_publishing( rows )
                                        exp = '055' ).
    rows[ 1 ]-requirement = '1'.
    rows[ 4 ]-state = 'UNKNOWN'.
    cl_abap_unit_assert=>assert_equals( act = refusal_of_publishing( rows )
                                        exp = '055' ).
    cl_abap_unit_assert=>assert_false( committed ).
  ENDMETHOD.

  METHOD publishes_with_its_time.
    plan->publish( plans ).

    cl_abap_unit_assert=>assert_true( committed ).
    cl_abap_unit_assert=>assert_equals( act = plans[ 4 ]-published_at
                                        exp = '20261126080000' ).
  ENDMETHOD.

  METHOD fills_orders_that_are_ours.
    plans[ 3 ]-state = 'CONFIRMED'.

    plan->publish( plans ).

    cl_abap_unit_assert=>assert_equals( act = concat_lines_of( table = VALUE string_table( FOR row IN filled
                                                                                           ( |{ row-plnum }| ) )
                                                               sep   = ` ` )
                                        exp = `0002 0003` ).
  ENDMETHOD.

  METHOD an_answer_closes_the_request.
    plan->request( requirement = '1'
                   wanted      = 'RELEASE' ).
    plan->request( requirement = '2'
                   wanted      = 'TAKE_BACK' ).

    DATA(open) = plan->answer( VALUE #( ( request_id = requests[ 1 ]-request_id
                                          status     = 'DONE'
                                          answer     = 'posted' ) ) ).

    cl_abap_unit_assert=>assert_equals( act = lines( open )
                                        exp = 1 ).
    cl_abap_unit_assert=>assert_equals( act = open[ 1 ]-requirement
                                        exp = '2' ).
  ENDMETHOD.

  METHOD tells_if_nothing_was_written.
    commit_fails = abap_true.
    cl_abap_unit_assert=>assert_equals( act = refusal_of_publishing( plans )
                                        exp = '025' ).
  ENDMETHOD.
ENDCLASS.
