"! Who may write: one holder at a time, and a fence that rises with each change of hands, so that a writer
"! that slept through its lease is refused (M. Kleppmann, "How to do distributed locking", 2016)
CLASS zcl_carbide_lease DEFINITION PUBLIC FINAL CREATE PUBLIC.
  PUBLIC SECTION.
    TYPES:
      BEGIN OF parts,
        leases      TYPE REF TO zif_carbide_lease_store,
        locks       TYPE REF TO zif_carbide_lock,
        transaction TYPE REF TO zif_carbide_transaction,
        authority   TYPE REF TO zif_carbide_authority,
        clock       TYPE REF TO zif_carbide_clock,
        log         TYPE REF TO zif_carbide_log,
      END OF parts.

    TYPES:
      BEGIN OF answer,
        status     TYPE zcarbide_status,
        fence      TYPE zcarbide_fence,
        holder_now TYPE zcarbide_holder,
        expires_at TYPE zcarbide_timestamp,
        messages   TYPE bapiret2_t,
      END OF answer.

    CONSTANTS:
      BEGIN OF status,
        granted       TYPE zcarbide_status VALUE 'GRANTED',
        held_by_other TYPE zcarbide_status VALUE 'HELD_BY_OTHER',
        released      TYPE zcarbide_status VALUE 'RELEASED',
        free          TYPE zcarbide_status VALUE 'FREE',
        refused       TYPE zcarbide_status VALUE 'REFUSED',
      END OF status.

    "! @parameter environment | Everything outside of the contract itself
    METHODS constructor
      IMPORTING environment TYPE parts.

    "! @parameter holder   | Who asks
    "! @parameter action   | ACQUIRE, RENEW, RELEASE or SHOW
    "! @parameter duration | Seconds, 30 to 3600
    METHODS act
      IMPORTING holder        TYPE zcarbide_holder
                action        TYPE zcarbide_action
                duration      TYPE i
      RETURNING VALUE(result) TYPE answer.
  PRIVATE SECTION.
    DATA environment TYPE parts.

    METHODS check
      IMPORTING holder   TYPE zcarbide_holder
                action   TYPE zcarbide_action
                duration TYPE i
      RAISING   zcx_carbide_error.
    METHODS act_locked
      IMPORTING holder        TYPE zcarbide_holder
                action        TYPE zcarbide_action
                duration      TYPE i
      RETURNING VALUE(result) TYPE answer
      RAISING   zcx_carbide_error.
    METHODS show
      IMPORTING holder        TYPE zcarbide_holder
                lease         TYPE zcarbide_lease
      RETURNING VALUE(result) TYPE answer.
    METHODS acquire
      IMPORTING holder        TYPE zcarbide_holder
                lease         TYPE zcarbide_lease
                duration      TYPE i
      RETURNING VALUE(result) TYPE answer
      RAISING   zcx_carbide_error.
    METHODS release
      IMPORTING lease         TYPE zcarbide_lease
      RETURNING VALUE(result) TYPE answer
      RAISING   zcx_carbide_error.
    METHODS held_by_other
      IMPORTING lease         TYPE zcarbide_lease
      RETURNING VALUE(result) TYPE answer.
    METHODS save
      IMPORTING lease TYPE zcarbide_lease
      RAISING   zcx_carbide_error.
    METHODS is_held
      IMPORTING lease         TYPE zcarbide_lease
      RETURNING VALUE(result) TYPE abap_bool.
ENDCLASS.

CLASS zcl_carbide_lease IMPLEMENTATION.
  METHOD constructor.
    me->environment = environment.
  ENDMETHOD.

  METHOD act.
    TRY.
        check( holder   = holder
               action   = action
               duration = duration ).
        environment-authority->check(
          activity  = COND #( WHEN action = 'SHOW' THEN zif_carbide_authority=>activity-display
                                                   ELSE zif_carbide_authority=>activity-execute )
          operation = 'LEASE' ).
        IF action = 'SHOW'.
          result = show( holder = holder
                         lease  = environment-leases->read( ) ).
          RETURN.
        ENDIF.
        DATA(locked_by) = environment-locks->lock_lease( ).
        IF locked_by IS NOT INITIAL.
          RAISE EXCEPTION TYPE zcx_carbide_error
            EXPORTING
              number = '021'
              v1     = 'LEASE'
              v2     = locked_by.
        ENDIF.
        result = act_locked( holder   = holder
                             action   = action
                             duration = duration ).
      CATCH zcx_carbide_error INTO DATA(refusal).
        CLEAR result.
        result-status = status-refused.
        INSERT refusal->as_return( ) INTO TABLE result-messages.
    ENDTRY.
    environment-locks->unlock_lease( ).
    environment-log->write( subobject   = zif_carbide_log=>subobject-lease
                            external_id = holder
                            messages    = result-messages ).
  ENDMETHOD.

  METHOD check.
    IF action <> 'ACQUIRE' AND action <> 'RENEW' AND action <> 'RELEASE' AND action <> 'SHOW'.
      RAISE EXCEPTION TYPE zcx_carbide_error
        EXPORTING
          number = '032'
          v1     = action.
    ENDIF.
    IF holder IS INITIAL.
      RAISE EXCEPTION TYPE zcx_carbide_error
        EXPORTING
          number = '033'.
    ENDIF.
    IF ( action = 'ACQUIRE' OR action = 'RENEW' ) AND duration NOT BETWEEN 30 AND 3600.
      RAISE EXCEPTION TYPE zcx_carbide_error
        EXPORTING
          number = '031'
          v1     = |{ duration }|.
    ENDIF.
  ENDMETHOD.

  METHOD act_locked.
    DATA(lease) = environment-leases->read( ).
    IF is_held( lease ) = abap_true AND lease-holder <> holder.
      result = held_by_other( lease ).
      RETURN.
    ENDIF.
    CASE action.
      WHEN 'ACQUIRE'.
        result = acquire( holder   = holder
                          lease    = lease
                          duration = duration ).
      WHEN 'RENEW'.
        IF is_held( lease ) = abap_true.
          result = acquire( holder   = holder
                            lease    = lease
                            duration = duration ).
        ELSE.
          " Somebody may have written meanwhile: only a new fence is safe
          result-status = status-free.
        ENDIF.
      WHEN OTHERS.
        IF lease-holder = holder.
          result = release( lease ).
        ELSE.
          result-status = status-free.
        ENDIF.
    ENDCASE.
  ENDMETHOD.

  METHOD show.
    result-fence = lease-fence.
    IF is_held( lease ) = abap_false.
      result-status = status-free.
      RETURN.
    ENDIF.
    result-status = COND #( WHEN lease-holder = holder THEN status-granted ELSE status-held_by_other ).
    result-holder_now = lease-holder.
    result-expires_at = lease-expires_at.
  ENDMETHOD.

  METHOD acquire.
    DATA(granted) = lease.
    IF is_held( lease ) = abap_false.
      granted-fence = lease-fence + 1.
    ENDIF.
    granted-holder = holder.
    granted-expires_at = zcl_carbide_clock=>add( timestamp = environment-clock->now( )
                                                 seconds   = duration ).
    save( granted ).
    result = VALUE #( status     = status-granted
                      fence      = granted-fence
                      holder_now = granted-holder
                      expires_at = granted-expires_at ).
  ENDMETHOD.

  METHOD release.
    DATA(free) = lease.
    CLEAR free-holder.
    CLEAR free-expires_at.
    save( free ).
    result = VALUE #( status = status-released
                      fence  = free-fence ).
  ENDMETHOD.

  METHOD held_by_other.
    result = VALUE #( status     = status-held_by_other
                      holder_now = lease-holder
                      expires_at = lease-expires_at ).
    INSERT zcl_carbide_message=>error( number = '030'
                                       v1     = lease-holder
                                       v2     = lease-expires_at ) INTO TABLE result-messages.
  ENDMETHOD.

  METHOD save.
    environment-leases->save( lease ).
    IF environment-transaction->commit( ) = abap_false.
      environment-transaction->roll_back( ).
      RAISE EXCEPTION TYPE zcx_carbide_error
        EXPORTING
          number = '025'
          v1     = 'LEASE'.
    ENDIF.
  ENDMETHOD.

  METHOD is_held.
    result = xsdbool( lease-holder IS NOT INITIAL AND environment-clock->now( ) < lease-expires_at ).
  ENDMETHOD.
ENDCLASS.
