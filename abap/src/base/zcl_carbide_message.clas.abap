"! Rows of RETURN, and what they mean
CLASS zcl_carbide_message DEFINITION PUBLIC FINAL CREATE PRIVATE.
  PUBLIC SECTION.
    "! @parameter result | Message of class ZCARBIDE, type E, in the language of the logon
    CLASS-METHODS error
      IMPORTING number        TYPE symsgno
                v1            TYPE clike OPTIONAL
                v2            TYPE clike OPTIONAL
                v3            TYPE clike OPTIONAL
      RETURNING VALUE(result) TYPE bapiret2.

    "! Planned order BAPIs return one row of an older structure
    "! @parameter result | Empty if SAP said nothing, which means that it worked
    CLASS-METHODS from_bapireturn1
      IMPORTING return        TYPE bapireturn1
      RETURNING VALUE(result) TYPE bapiret2_t.

    "! @parameter result | Whether SAP refused: a row of type E, A or X
    CLASS-METHODS is_refusal
      IMPORTING messages      TYPE bapiret2_t
      RETURNING VALUE(result) TYPE abap_bool.
ENDCLASS.

CLASS zcl_carbide_message IMPLEMENTATION.
  METHOD error.
    MESSAGE ID 'ZCARBIDE' TYPE 'E' NUMBER number WITH v1 v2 v3 INTO result-message.
    result-type = 'E'.
    result-id = 'ZCARBIDE'.
    result-number = number.
    result-message_v1 = v1.
    result-message_v2 = v2.
    result-message_v3 = v3.
  ENDMETHOD.

  METHOD from_bapireturn1.
    IF return-type IS INITIAL AND return-message IS INITIAL.
      RETURN.
    ENDIF.
    INSERT CORRESPONDING #( return ) INTO TABLE result.
  ENDMETHOD.

  METHOD is_refusal.
    result = abap_false.
    LOOP AT messages TRANSPORTING NO FIELDS WHERE type = 'E' OR type = 'A' OR type = 'X'.
      result = abap_true.
      RETURN.
    ENDLOOP.
  ENDMETHOD.
ENDCLASS.
