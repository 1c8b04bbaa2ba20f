"! Lock objects EZCARBIDE_KEY and EZCARBIDE_LEASE
CLASS zcl_carbide_lock DEFINITION PUBLIC FINAL CREATE PUBLIC.
  PUBLIC SECTION.
    INTERFACES zif_carbide_lock.
  PRIVATE SECTION.
    "! The lock goes on to the update task and ends with it
    CONSTANTS until_updated TYPE c LENGTH 1 VALUE '2'.
    METHODS holder
      IMPORTING subrc         TYPE sysubrc
                user          TYPE symsgv
                locked        TYPE csequence
      RETURNING VALUE(result) TYPE syuname
      RAISING   zcx_carbide_error.
ENDCLASS.

CLASS zcl_carbide_lock IMPLEMENTATION.
  METHOD zif_carbide_lock~lock_entry.
    CALL FUNCTION 'ENQUEUE_EZCARBIDE_KEY'
      EXPORTING
        entry_key      = entry_key
        _scope         = until_updated
      EXCEPTIONS
        foreign_lock   = 1
        system_failure = 2
        OTHERS         = 3.
    result = holder( subrc  = sy-subrc
                     user   = sy-msgv1
                     locked = entry_key ).
  ENDMETHOD.

  METHOD zif_carbide_lock~unlock_entry.
    CALL FUNCTION 'DEQUEUE_EZCARBIDE_KEY'
      EXPORTING
        entry_key = entry_key
        _scope    = '3'.
  ENDMETHOD.

  METHOD zif_carbide_lock~lock_lease.
    CALL FUNCTION 'ENQUEUE_EZCARBIDE_LEASE'
      EXPORTING
        lease_id       = 'WRITER'
        _scope         = until_updated
      EXCEPTIONS
        foreign_lock   = 1
        system_failure = 2
        OTHERS         = 3.
    result = holder( subrc  = sy-subrc
                     user   = sy-msgv1
                     locked = 'LEASE' ).
  ENDMETHOD.

  METHOD zif_carbide_lock~unlock_lease.
    CALL FUNCTION 'DEQUEUE_EZCARBIDE_LEASE'
      EXPORTING
        lease_id = 'WRITER'
        _scope   = '3'.
  ENDMETHOD.

  METHOD holder.
    CASE subrc.
      WHEN 0.
        CLEAR result.
      WHEN 1.
        result = user.
        IF result IS INITIAL.
          result = '?'.
        ENDIF.
      WHEN OTHERS.
        RAISE EXCEPTION TYPE zcx_carbide_error
          EXPORTING
            number = '027'
            v1     = locked.
    ENDCASE.
  ENDMETHOD.
ENDCLASS.
