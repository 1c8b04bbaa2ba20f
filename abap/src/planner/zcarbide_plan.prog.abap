REPORT zcarbide_plan.
" Carbon of planned orders, before and after optimization. Without the connector it shows what was published last.

PARAMETERS p_plant TYPE zcarbide_plan-plwrk OBLIGATORY MEMORY ID wrk.

CLASS lcl_screen DEFINITION FINAL.
  PUBLIC SECTION.
    METHODS show
      RAISING zcx_carbide_error
              cx_salv_msg
              cx_salv_not_found
              cx_salv_existing
              cx_salv_wrong_call.
  PRIVATE SECTION.
    CONSTANTS seconds_between_ticks TYPE i VALUE 5.

    DATA plan TYPE REF TO zcl_carbide_plan.
    DATA list TYPE REF TO cl_salv_table.
    DATA shown TYPE zcl_carbide_plan=>rows.
    DATA countdown TYPE REF TO zcl_carbide_countdown.
    DATA timer TYPE REF TO cl_gui_timer.

    METHODS prepare_columns
      RAISING cx_salv_not_found.
    METHODS add_functions
      RAISING cx_salv_existing
              cx_salv_wrong_call.
    METHODS function_chosen FOR EVENT added_function OF cl_salv_events_table
      IMPORTING e_salv_function.
    METHODS run
      IMPORTING function TYPE salv_de_function
                row      TYPE zcl_carbide_plan=>row
      RAISING   zcx_carbide_error
                cx_sy_authorization_error.
    METHODS tick FOR EVENT finished OF cl_gui_timer.
    METHODS count_on.
    METHODS refresh
      RAISING zcx_carbide_error.
ENDCLASS.

CLASS lcl_screen IMPLEMENTATION.
  METHOD show.
    plan = zcl_carbide_factory=>plan( ).
    shown = plan->list( p_plant ).
    " In the list's own screen: functions can be added without a GUI status
    cl_salv_table=>factory( EXPORTING r_container  = cl_gui_container=>default_screen
                            IMPORTING r_salv_table = list
                            CHANGING  t_table      = shown ).
    list->get_functions( )->set_all( ).
    list->get_layout( )->set_key( VALUE #( report = sy-repid ) ).
    list->get_layout( )->set_save_restriction( if_salv_c_layout=>restrict_none ).
    list->get_layout( )->set_default( abap_true ).
    prepare_columns( ).
    add_functions( ).
    SET HANDLER function_chosen FOR list->get_event( ).
    list->display( ).
    countdown = NEW #( NEW zcl_carbide_clock( ) ).
    timer = NEW #( ).
    SET HANDLER tick FOR timer.
    count_on( ).
    WRITE space.
  ENDMETHOD.

  METHOD prepare_columns.
    DATA(columns) = list->get_columns( ).
    columns->set_optimize( ).
    TRY.
        columns->set_exception_column( 'LIGHT' ).
      CATCH cx_salv_data_error.
        " Then without a traffic light: the state says the same
        RETURN.
    ENDTRY.
    columns->get_column( 'SECONDS_LEFT' )->set_long_text( CONV #( TEXT-005 ) ).
    columns->get_column( 'PER_UNIT_BEFORE' )->set_long_text( CONV #( TEXT-006 ) ).
    columns->get_column( 'PER_UNIT_AFTER' )->set_long_text( CONV #( TEXT-007 ) ).
  ENDMETHOD.

  METHOD add_functions.
    DATA(functions) = list->get_functions( ).
    functions->add_function( name     = 'REFRESH'
                             text     = CONV #( TEXT-001 )
                             tooltip  = CONV #( TEXT-001 )
                             position = if_salv_c_function_position=>right_of_salv_functions ).
    functions->add_function( name     = 'SIMULATE'
                             text     = CONV #( TEXT-002 )
                             tooltip  = CONV #( TEXT-002 )
                             position = if_salv_c_function_position=>right_of_salv_functions ).
    functions->add_function( name     = 'RELEASE'
                             text     = CONV #( TEXT-003 )
                             tooltip  = CONV #( TEXT-003 )
                             position = if_salv_c_function_position=>right_of_salv_functions ).
    functions->add_function( name     = 'TAKE_BACK'
                             text     = CONV #( TEXT-004 )
                             tooltip  = CONV #( TEXT-004 )
                             position = if_salv_c_function_position=>right_of_salv_functions ).
    functions->add_function( name     = 'MD04'
                             text     = 'MD04'
                             tooltip  = 'MD04'
                             position = if_salv_c_function_position=>right_of_salv_functions ).
    functions->add_function( name     = 'MD12'
                             text     = 'MD12'
                             tooltip  = 'MD12'
                             position = if_salv_c_function_position=>right_of_salv_functions ).
  ENDMETHOD.

  METHOD function_chosen.
    TRY.
        IF e_salv_function <> 'REFRESH'.
          LOOP AT list->get_selections( )->get_selected_rows( ) INTO DATA(index).
            run( function = e_salv_function
                 row      = shown[ index ] ).
          ENDLOOP.
        ENDIF.
        refresh( ).
      CATCH zcx_carbide_error INTO DATA(refusal).
        MESSAGE refusal TYPE 'S' DISPLAY LIKE 'E'.
      CATCH cx_sy_authorization_error.
        MESSAGE s020(zcarbide) WITH e_salv_function DISPLAY LIKE 'E'.
    ENDTRY.
  ENDMETHOD.

  METHOD run.
    CASE function.
      WHEN 'SIMULATE'.
        plan->simulate( requirement = row-requirement
                        wanted      = zcl_carbide_plan=>action-release ).
        MESSAGE TEXT-008 TYPE 'S'.
      WHEN 'RELEASE' OR 'TAKE_BACK'.
        plan->request( requirement = row-requirement
                       wanted      = CONV #( function ) ).
        MESSAGE s053(zcarbide) WITH function row-requirement.
      WHEN 'MD04'.
        SET PARAMETER ID 'MAT' FIELD row-matnr.
        SET PARAMETER ID 'WRK' FIELD row-plwrk.
        CALL TRANSACTION 'MD04' WITH AUTHORITY-CHECK AND SKIP FIRST SCREEN.
      WHEN 'MD12'.
        SET PARAMETER ID 'PAF' FIELD row-plnum.
        CALL TRANSACTION 'MD12' WITH AUTHORITY-CHECK AND SKIP FIRST SCREEN.
      WHEN OTHERS.
        RETURN.
    ENDCASE.
  ENDMETHOD.

  METHOD tick.
    countdown->tick( CHANGING rows = shown ).
    TRY.
        IF countdown->is_over( shown ) = abap_true.
          refresh( ).
        ELSE.
          list->refresh( s_stable = VALUE #( row = abap_true
                                             col = abap_true ) ).
          count_on( ).
        ENDIF.
      CATCH zcx_carbide_error INTO DATA(refusal).
        MESSAGE refusal TYPE 'S' DISPLAY LIKE 'E'.
    ENDTRY.
  ENDMETHOD.

  METHOD count_on.
    " The timer runs once and only while a window is open: nobody waits for a list that stands still
    IF line_exists( shown[ state = zcl_carbide_plan=>state-posted ] ).
      timer->interval = seconds_between_ticks.
      timer->run( ).
    ENDIF.
  ENDMETHOD.

  METHOD refresh.
    shown = plan->list( p_plant ).
    list->refresh( s_stable = VALUE #( row = abap_true
                                       col = abap_true ) ).
    count_on( ).
  ENDMETHOD.
ENDCLASS.

START-OF-SELECTION.
  TRY.
      NEW lcl_screen( )->show( ).
    CATCH zcx_carbide_error cx_salv_msg cx_salv_not_found cx_salv_existing cx_salv_wrong_call INTO DATA(refusal).
      MESSAGE refusal TYPE 'S' DISPLAY LIKE 'E'.
  ENDTRY.
