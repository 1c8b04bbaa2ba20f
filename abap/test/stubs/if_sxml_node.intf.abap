INTERFACE if_sxml_node PUBLIC.
  TYPES node_type TYPE i.
  CONSTANTS co_nt_element_open TYPE node_type VALUE 1.
  CONSTANTS co_nt_element_close TYPE node_type VALUE 2.
  CONSTANTS co_nt_value TYPE node_type VALUE 4.
  DATA type TYPE node_type READ-ONLY.
ENDINTERFACE.
