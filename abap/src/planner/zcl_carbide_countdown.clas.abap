"! Counts the windows of shown rows down without reading them again
CLASS zcl_carbide_countdown DEFINITION PUBLIC FINAL CREATE PUBLIC.
  PUBLIC SECTION.
    "! @parameter clock | Time
    METHODS constructor
      IMPORTING clock TYPE REF TO zif_carbide_clock.

    "! @parameter rows | Seconds left become those of now
    METHODS tick
      CHANGING rows TYPE zcl_carbide_plan=>rows.

    "! @parameter result | A window is over, so that the rows have to be read again: the connector confirms it
    METHODS is_over
      IMPORTING rows          TYPE zcl_carbide_plan=>rows
      RETURNING VALUE(result) TYPE abap_bool.
  PRIVATE SECTION.
    DATA clock TYPE REF TO zif_carbide_clock.
ENDCLASS.

CLASS zcl_carbide_countdown IMPLEMENTATION.
  METHOD constructor.
    me->clock = clock.
  ENDMETHOD.

  METHOD tick.
    DATA(now) = clock->now( ).
    LOOP AT rows ASSIGNING FIELD-SYMBOL(<row>) WHERE state = zcl_carbide_plan=>state-posted.
      <row>-seconds_left = nmax( val1 = 0
                                 val2 = zcl_carbide_clock=>seconds_between( since = now
                                                                            until = <row>-window_until ) ).
    ENDLOOP.
  ENDMETHOD.

  METHOD is_over.
    result = xsdbool( line_exists( rows[ state        = zcl_carbide_plan=>state-posted
                                         seconds_left = 0 ] ) ).
  ENDMETHOD.
ENDCLASS.
