"! Table ZCARBIDE_LEASE: one row, who may write
INTERFACE zif_carbide_lease_store PUBLIC.
  "! @parameter result | Initial if there never was a lease
  METHODS read
    RETURNING VALUE(result) TYPE zcarbide_lease.

  "! Writes at the next commit
  METHODS save
    IMPORTING lease TYPE zcarbide_lease.
ENDINTERFACE.
