"! Time of the application server, and arithmetic with it
CLASS zcl_carbide_clock DEFINITION PUBLIC FINAL CREATE PUBLIC.
  PUBLIC SECTION.
    INTERFACES zif_carbide_clock.

    "! @parameter seconds | May be negative
    "! @parameter result  | YYYYMMDDHHMMSS
    CLASS-METHODS add
      IMPORTING timestamp     TYPE zcarbide_timestamp
                seconds       TYPE i
      RETURNING VALUE(result) TYPE zcarbide_timestamp.

    "! @parameter result | Seconds from `since` to `until`; negative if `until` comes first
    CLASS-METHODS seconds_between
      IMPORTING since         TYPE zcarbide_timestamp
                until         TYPE zcarbide_timestamp
      RETURNING VALUE(result) TYPE i.
  PRIVATE SECTION.
    CONSTANTS seconds_of_a_day TYPE i VALUE 86400.
ENDCLASS.

CLASS zcl_carbide_clock IMPLEMENTATION.
  METHOD zif_carbide_clock~now.
    DATA stamp TYPE timestamp.
    GET TIME STAMP FIELD stamp.
    result = |{ stamp }|.
  ENDMETHOD.

  METHOD add.
    DATA(day) = CONV d( timestamp(8) ).
    DATA(time) = CONV t( timestamp+8(6) ).
    DATA total TYPE i.
    DATA days TYPE i.
    DATA rest TYPE i.
    total = time.
    total = total + seconds.
    " DIV rounds down and MOD is never negative, so a step back over midnight is right too
    days = total DIV seconds_of_a_day.
    rest = total MOD seconds_of_a_day.
    day = day + days.
    time = rest.
    result = |{ day }{ time }|.
  ENDMETHOD.

  METHOD seconds_between.
    DATA(first_day) = CONV d( since(8) ).
    DATA(last_day) = CONV d( until(8) ).
    DATA(first_time) = CONV t( since+8(6) ).
    DATA(last_time) = CONV t( until+8(6) ).
    DATA days TYPE i.
    DATA first_second TYPE i.
    DATA last_second TYPE i.
    days = last_day - first_day.
    first_second = first_time.
    last_second = last_time.
    result = days * seconds_of_a_day + last_second - first_second.
  ENDMETHOD.
ENDCLASS.
