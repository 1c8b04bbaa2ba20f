CLASS cl_abap_behavior_handler DEFINITION PUBLIC ABSTRACT CREATE PUBLIC.
  PUBLIC SECTION.
    METHODS new_message
      IMPORTING id            TYPE symsgid
                number        TYPE symsgno
                severity      TYPE i
                v1            TYPE any OPTIONAL
                v2            TYPE any OPTIONAL
                v3            TYPE any OPTIONAL
      RETURNING VALUE(result) TYPE REF TO if_abap_behv_message.
ENDCLASS.

CLASS cl_abap_behavior_handler IMPLEMENTATION.
  METHOD new_message.
    CLEAR result.
  ENDMETHOD.
ENDCLASS.
