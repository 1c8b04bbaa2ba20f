"! Locks, so that two sessions never work on one key
INTERFACE zif_carbide_lock PUBLIC.
  "! @parameter result            | User who holds the lock; initial if it is ours now
  "! @raising   zcx_carbide_error | 027: the lock server does not answer
  METHODS lock_entry
    IMPORTING entry_key     TYPE zcarbide_entry_key
    RETURNING VALUE(result) TYPE syuname
    RAISING   zcx_carbide_error.

  "! Gives the lock up; does nothing if it is not ours
  METHODS unlock_entry
    IMPORTING entry_key TYPE zcarbide_entry_key.

  "! @parameter result            | User who holds the lock; initial if it is ours now
  "! @raising   zcx_carbide_error | 027
  METHODS lock_lease
    RETURNING VALUE(result) TYPE syuname
    RAISING   zcx_carbide_error.

  "! Gives the lock up; does nothing if it is not ours
  METHODS unlock_lease.
ENDINTERFACE.
