"! Application log of SAP
CLASS zcl_carbide_log DEFINITION PUBLIC FINAL CREATE PUBLIC.
  PUBLIC SECTION.
    INTERFACES zif_carbide_log.
  PRIVATE SECTION.
    METHODS add
      IMPORTING log_handle TYPE balloghndl
                message    TYPE bapiret2.
ENDCLASS.

CLASS zcl_carbide_log IMPLEMENTATION.
  METHOD zif_carbide_log~write.
    IF messages IS INITIAL.
      RETURN.
    ENDIF.
    DATA log_handle TYPE balloghndl.
    DATA(header) = VALUE bal_s_log( object    = 'ZCARBIDE'
                                    subobject = subobject
                                    extnumber = external_id
                                    aluser    = sy-uname ).
    CALL FUNCTION 'BAL_LOG_CREATE'
      EXPORTING
        i_s_log                 = header
      IMPORTING
        e_log_handle            = log_handle
      EXCEPTIONS
        log_header_inconsistent = 1
        OTHERS                  = 2.
    IF sy-subrc <> 0.
      " Object ZCARBIDE is missing in SLG0. What was asked for matters more than its log.
      RETURN.
    ENDIF.
    LOOP AT messages INTO DATA(message).
      add( log_handle = log_handle
           message    = message ).
    ENDLOOP.
    DATA(handles) = VALUE bal_t_logh( ( log_handle ) ).
    CALL FUNCTION 'BAL_DB_SAVE'
      EXPORTING
        i_2th_connection     = abap_true
        i_2th_connect_commit = abap_true
        i_t_log_handle       = handles
      EXCEPTIONS
        log_not_found        = 1
        save_not_allowed     = 2
        numbering_error      = 3
        OTHERS               = 4.
    IF sy-subrc <> 0.
      RETURN.
    ENDIF.
  ENDMETHOD.

  METHOD add.
    DATA(line) = VALUE bal_s_msg( msgty = message-type
                                  msgid = message-id
                                  msgno = message-number
                                  msgv1 = message-message_v1
                                  msgv2 = message-message_v2
                                  msgv3 = message-message_v3
                                  msgv4 = message-message_v4 ).
    CALL FUNCTION 'BAL_LOG_MSG_ADD'
      EXPORTING
        i_log_handle     = log_handle
        i_s_msg          = line
      EXCEPTIONS
        log_not_found    = 1
        msg_inconsistent = 2
        log_is_full      = 3
        OTHERS           = 4.
    IF sy-subrc <> 0.
      RETURN.
    ENDIF.
  ENDMETHOD.
ENDCLASS.
