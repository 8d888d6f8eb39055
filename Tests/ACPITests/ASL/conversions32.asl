// The same with integers of 32 bits.
DefinitionBlock ("", "DSDT", 1, "APUS", "TEST", 1)
{
  Name (INTA, 1)
  Name (STRA, "start")
  Name (BUFA, Buffer () {0xAA, 0xBB, 0xCC, 0xDD})
  Name (BUFE, Buffer (0) {})
  Name (BUFF, Buffer (32) {})
  CreateDWordField (BUFF, 0, BFLD)
  CreateField (BUFF, 67, 21, BFLT)
  OperationRegion (MEMA, SystemMemory, 0x100000, 0x40)
  Field (MEMA, ByteAcc, NoLock, Preserve) { RFLD, 16, RFLT, 13, Offset (8), WIDE, 80 }
  Method (INIT)
  {
    CopyObject (1, INTA)
    CopyObject ("start", STRA)
    CopyObject (Buffer () {0xAA, 0xBB, 0xCC, 0xDD}, BUFA)
    CopyObject (Buffer (0) {}, BUFE)
    BFLD = 0x44332211
    BFLT = 0
    RFLD = 0x8765
    RFLT = 0x1555
    WIDE = Buffer () {1, 2, 3, 4, 5, 6, 7, 8, 9, 0x0A}
  }
  Method (T000) { INIT ()
    Local0 = 0x0123456789ABCDEF
    Store (Local0, INTA)
    Return (INTA) }
  Method (T001) { INIT ()
    Local0 = 0x0123456789ABCDEF
    Store (Local0, STRA)
    Return (STRA) }
  Method (T002) { INIT ()
    Local0 = 0x0123456789ABCDEF
    Store (Local0, BUFA)
    Return (BUFA) }
  Method (T003) { INIT ()
    Local0 = 0x0123456789ABCDEF
    Store (Local0, BUFE)
    Return (BUFE) }
  Method (T004) { INIT ()
    Local0 = 0x0123456789ABCDEF
    Store (Local0, BFLT)
    Return (BFLT) }
  Method (T005) { INIT ()
    Local0 = 0x0123456789ABCDEF
    Store (Local0, RFLT)
    Return (RFLT) }
  Method (T006) { INIT ()
    Local0 = 0x0123456789ABCDEF
    Store (Local0, Local1)
    Return (Local1) }
  Method (T007) { INIT ()
    Local0 = 0
    Store (Local0, INTA)
    Return (INTA) }
  Method (T008) { INIT ()
    Local0 = 0
    Store (Local0, STRA)
    Return (STRA) }
  Method (T009) { INIT ()
    Local0 = 0
    Store (Local0, BUFA)
    Return (BUFA) }
  Method (T010) { INIT ()
    Local0 = 0
    Store (Local0, BUFE)
    Return (BUFE) }
  Method (T011) { INIT ()
    Local0 = 0
    Store (Local0, BFLT)
    Return (BFLT) }
  Method (T012) { INIT ()
    Local0 = 0
    Store (Local0, RFLT)
    Return (RFLT) }
  Method (T013) { INIT ()
    Local0 = 0
    Store (Local0, Local1)
    Return (Local1) }
  Method (T014) { INIT ()
    Local0 = "1F2E"
    Store (Local0, INTA)
    Return (INTA) }
  Method (T015) { INIT ()
    Local0 = "1F2E"
    Store (Local0, STRA)
    Return (STRA) }
  Method (T016) { INIT ()
    Local0 = "1F2E"
    Store (Local0, BUFA)
    Return (BUFA) }
  Method (T017) { INIT ()
    Local0 = "1F2E"
    Store (Local0, BUFE)
    Return (BUFE) }
  Method (T018) { INIT ()
    Local0 = "1F2E"
    Store (Local0, BFLT)
    Return (BFLT) }
  Method (T019) { INIT ()
    Local0 = "1F2E"
    Store (Local0, RFLT)
    Return (RFLT) }
  Method (T020) { INIT ()
    Local0 = "1F2E"
    Store (Local0, Local1)
    Return (Local1) }
  Method (T021) { INIT ()
    Local0 = "0x77zz"
    Store (Local0, INTA)
    Return (INTA) }
  Method (T022) { INIT ()
    Local0 = "0x77zz"
    Store (Local0, STRA)
    Return (STRA) }
  Method (T023) { INIT ()
    Local0 = "0x77zz"
    Store (Local0, BUFA)
    Return (BUFA) }
  Method (T024) { INIT ()
    Local0 = "0x77zz"
    Store (Local0, BUFE)
    Return (BUFE) }
  Method (T025) { INIT ()
    Local0 = "0x77zz"
    Store (Local0, BFLT)
    Return (BFLT) }
  Method (T026) { INIT ()
    Local0 = "0x77zz"
    Store (Local0, RFLT)
    Return (RFLT) }
  Method (T027) { INIT ()
    Local0 = "0x77zz"
    Store (Local0, Local1)
    Return (Local1) }
  Method (T028) { INIT ()
    Local0 = ""
    Store (Local0, INTA)
    Return (INTA) }
  Method (T029) { INIT ()
    Local0 = ""
    Store (Local0, STRA)
    Return (STRA) }
  Method (T030) { INIT ()
    Local0 = ""
    Store (Local0, BUFA)
    Return (BUFA) }
  Method (T031) { INIT ()
    Local0 = ""
    Store (Local0, BUFE)
    Return (BUFE) }
  Method (T032) { INIT ()
    Local0 = ""
    Store (Local0, BFLT)
    Return (BFLT) }
  Method (T033) { INIT ()
    Local0 = ""
    Store (Local0, RFLT)
    Return (RFLT) }
  Method (T034) { INIT ()
    Local0 = ""
    Store (Local0, Local1)
    Return (Local1) }
  Method (T035) { INIT ()
    Local0 = "not a number"
    Store (Local0, INTA)
    Return (INTA) }
  Method (T036) { INIT ()
    Local0 = "not a number"
    Store (Local0, STRA)
    Return (STRA) }
  Method (T037) { INIT ()
    Local0 = "not a number"
    Store (Local0, BUFA)
    Return (BUFA) }
  Method (T038) { INIT ()
    Local0 = "not a number"
    Store (Local0, BUFE)
    Return (BUFE) }
  Method (T039) { INIT ()
    Local0 = "not a number"
    Store (Local0, BFLT)
    Return (BFLT) }
  Method (T040) { INIT ()
    Local0 = "not a number"
    Store (Local0, RFLT)
    Return (RFLT) }
  Method (T041) { INIT ()
    Local0 = "not a number"
    Store (Local0, Local1)
    Return (Local1) }
  Method (T042) { INIT ()
    Local0 = Buffer () {0x11, 0x22, 0x33}
    Store (Local0, INTA)
    Return (INTA) }
  Method (T043) { INIT ()
    Local0 = Buffer () {0x11, 0x22, 0x33}
    Store (Local0, STRA)
    Return (STRA) }
  Method (T044) { INIT ()
    Local0 = Buffer () {0x11, 0x22, 0x33}
    Store (Local0, BUFA)
    Return (BUFA) }
  Method (T045) { INIT ()
    Local0 = Buffer () {0x11, 0x22, 0x33}
    Store (Local0, BUFE)
    Return (BUFE) }
  Method (T046) { INIT ()
    Local0 = Buffer () {0x11, 0x22, 0x33}
    Store (Local0, BFLT)
    Return (BFLT) }
  Method (T047) { INIT ()
    Local0 = Buffer () {0x11, 0x22, 0x33}
    Store (Local0, RFLT)
    Return (RFLT) }
  Method (T048) { INIT ()
    Local0 = Buffer () {0x11, 0x22, 0x33}
    Store (Local0, Local1)
    Return (Local1) }
  Method (T049) { INIT ()
    Local0 = Buffer () {1,2,3,4,5,6,7,8,9,10}
    Store (Local0, INTA)
    Return (INTA) }
  Method (T050) { INIT ()
    Local0 = Buffer () {1,2,3,4,5,6,7,8,9,10}
    Store (Local0, STRA)
    Return (STRA) }
  Method (T051) { INIT ()
    Local0 = Buffer () {1,2,3,4,5,6,7,8,9,10}
    Store (Local0, BUFA)
    Return (BUFA) }
  Method (T052) { INIT ()
    Local0 = Buffer () {1,2,3,4,5,6,7,8,9,10}
    Store (Local0, BUFE)
    Return (BUFE) }
  Method (T053) { INIT ()
    Local0 = Buffer () {1,2,3,4,5,6,7,8,9,10}
    Store (Local0, BFLT)
    Return (BFLT) }
  Method (T054) { INIT ()
    Local0 = Buffer () {1,2,3,4,5,6,7,8,9,10}
    Store (Local0, RFLT)
    Return (RFLT) }
  Method (T055) { INIT ()
    Local0 = Buffer () {1,2,3,4,5,6,7,8,9,10}
    Store (Local0, Local1)
    Return (Local1) }
  Method (T056) { INIT ()
    Local0 = BFLD
    Store (Local0, INTA)
    Return (INTA) }
  Method (T057) { INIT ()
    Local0 = BFLD
    Store (Local0, STRA)
    Return (STRA) }
  Method (T058) { INIT ()
    Local0 = BFLD
    Store (Local0, BUFA)
    Return (BUFA) }
  Method (T059) { INIT ()
    Local0 = BFLD
    Store (Local0, BUFE)
    Return (BUFE) }
  Method (T060) { INIT ()
    Local0 = BFLD
    Store (Local0, BFLT)
    Return (BFLT) }
  Method (T061) { INIT ()
    Local0 = BFLD
    Store (Local0, RFLT)
    Return (RFLT) }
  Method (T062) { INIT ()
    Local0 = BFLD
    Store (Local0, Local1)
    Return (Local1) }
  Method (T063) { INIT ()
    Local0 = RFLD
    Store (Local0, INTA)
    Return (INTA) }
  Method (T064) { INIT ()
    Local0 = RFLD
    Store (Local0, STRA)
    Return (STRA) }
  Method (T065) { INIT ()
    Local0 = RFLD
    Store (Local0, BUFA)
    Return (BUFA) }
  Method (T066) { INIT ()
    Local0 = RFLD
    Store (Local0, BUFE)
    Return (BUFE) }
  Method (T067) { INIT ()
    Local0 = RFLD
    Store (Local0, BFLT)
    Return (BFLT) }
  Method (T068) { INIT ()
    Local0 = RFLD
    Store (Local0, RFLT)
    Return (RFLT) }
  Method (T069) { INIT ()
    Local0 = RFLD
    Store (Local0, Local1)
    Return (Local1) }
  Method (T070) { INIT ()
    Local0 = WIDE
    Store (Local0, INTA)
    Return (INTA) }
  Method (T071) { INIT ()
    Local0 = WIDE
    Store (Local0, STRA)
    Return (STRA) }
  Method (T072) { INIT ()
    Local0 = WIDE
    Store (Local0, BUFA)
    Return (BUFA) }
  Method (T073) { INIT ()
    Local0 = WIDE
    Store (Local0, BUFE)
    Return (BUFE) }
  Method (T074) { INIT ()
    Local0 = WIDE
    Store (Local0, BFLT)
    Return (BFLT) }
  Method (T075) { INIT ()
    Local0 = WIDE
    Store (Local0, RFLT)
    Return (RFLT) }
  Method (T076) { INIT ()
    Local0 = WIDE
    Store (Local0, Local1)
    Return (Local1) }
  Method (T077) { INIT ()
    CopyObject (0x0123456789ABCDEF, INTA)
    Return (INTA) }
  Method (T078) { INIT ()
    CopyObject (0x0123456789ABCDEF, STRA)
    Return (STRA) }
  Method (T079) { INIT ()
    CopyObject (0, INTA)
    Return (INTA) }
  Method (T080) { INIT ()
    CopyObject (0, STRA)
    Return (STRA) }
  Method (T081) { INIT ()
    CopyObject ("1F2E", INTA)
    Return (INTA) }
  Method (T082) { INIT ()
    CopyObject ("1F2E", STRA)
    Return (STRA) }
  Method (T083) { INIT ()
    CopyObject ("0x77zz", INTA)
    Return (INTA) }
  Method (T084) { INIT ()
    CopyObject ("0x77zz", STRA)
    Return (STRA) }
  Method (T085) { INIT ()
    CopyObject ("", INTA)
    Return (INTA) }
  Method (T086) { INIT ()
    CopyObject ("", STRA)
    Return (STRA) }
  Method (T087) { INIT ()
    CopyObject ("not a number", INTA)
    Return (INTA) }
  Method (T088) { INIT ()
    CopyObject ("not a number", STRA)
    Return (STRA) }
  Method (T089) { INIT ()
    CopyObject (Buffer () {0x11, 0x22, 0x33}, INTA)
    Return (INTA) }
  Method (T090) { INIT ()
    CopyObject (Buffer () {0x11, 0x22, 0x33}, STRA)
    Return (STRA) }
  Method (T091) { INIT ()
    CopyObject (Buffer () {1,2,3,4,5,6,7,8,9,10}, INTA)
    Return (INTA) }
  Method (T092) { INIT ()
    CopyObject (Buffer () {1,2,3,4,5,6,7,8,9,10}, STRA)
    Return (STRA) }
  Method (T093) { INIT ()
    Local0 = 0x0123456789ABCDEF
    Return (ToInteger (Local0)) }
  Method (T094) { INIT ()
    Local0 = 0
    Return (ToInteger (Local0)) }
  Method (T095) { INIT ()
    Local0 = "1F2E"
    Return (ToInteger (Local0)) }
  Method (T096) { INIT ()
    Local0 = "0x77zz"
    Return (ToInteger (Local0)) }
  Method (T097) { INIT ()
    Local0 = ""
    Return (ToInteger (Local0)) }
  Method (T098) { INIT ()
    Local0 = "not a number"
    Return (ToInteger (Local0)) }
  Method (T099) { INIT ()
    Local0 = Buffer () {0x11, 0x22, 0x33}
    Return (ToInteger (Local0)) }
  Method (T100) { INIT ()
    Local0 = Buffer () {1,2,3,4,5,6,7,8,9,10}
    Return (ToInteger (Local0)) }
  Method (T101) { INIT ()
    Local0 = BFLD
    Return (ToInteger (Local0)) }
  Method (T102) { INIT ()
    Local0 = RFLD
    Return (ToInteger (Local0)) }
  Method (T103) { INIT ()
    Local0 = WIDE
    Return (ToInteger (Local0)) }
  Method (T104) { INIT ()
    ToInteger ("0x41", INTA)
    Return (INTA) }
  Method (T105) { INIT ()
    ToInteger ("0x41", STRA)
    Return (STRA) }
  Method (T106) { INIT ()
    ToInteger ("0x41", BUFA)
    Return (BUFA) }
  Method (T107) { INIT ()
    Local0 = 0x0123456789ABCDEF
    Return (ToBuffer (Local0)) }
  Method (T108) { INIT ()
    Local0 = 0
    Return (ToBuffer (Local0)) }
  Method (T109) { INIT ()
    Local0 = "1F2E"
    Return (ToBuffer (Local0)) }
  Method (T110) { INIT ()
    Local0 = "0x77zz"
    Return (ToBuffer (Local0)) }
  Method (T111) { INIT ()
    Local0 = ""
    Return (ToBuffer (Local0)) }
  Method (T112) { INIT ()
    Local0 = "not a number"
    Return (ToBuffer (Local0)) }
  Method (T113) { INIT ()
    Local0 = Buffer () {0x11, 0x22, 0x33}
    Return (ToBuffer (Local0)) }
  Method (T114) { INIT ()
    Local0 = Buffer () {1,2,3,4,5,6,7,8,9,10}
    Return (ToBuffer (Local0)) }
  Method (T115) { INIT ()
    Local0 = BFLD
    Return (ToBuffer (Local0)) }
  Method (T116) { INIT ()
    Local0 = RFLD
    Return (ToBuffer (Local0)) }
  Method (T117) { INIT ()
    Local0 = WIDE
    Return (ToBuffer (Local0)) }
  Method (T118) { INIT ()
    ToBuffer ("0x41", INTA)
    Return (INTA) }
  Method (T119) { INIT ()
    ToBuffer ("0x41", STRA)
    Return (STRA) }
  Method (T120) { INIT ()
    ToBuffer ("0x41", BUFA)
    Return (BUFA) }
  Method (T121) { INIT ()
    Local0 = 0x0123456789ABCDEF
    Return (ToHexString (Local0)) }
  Method (T122) { INIT ()
    Local0 = 0
    Return (ToHexString (Local0)) }
  Method (T123) { INIT ()
    Local0 = "1F2E"
    Return (ToHexString (Local0)) }
  Method (T124) { INIT ()
    Local0 = "0x77zz"
    Return (ToHexString (Local0)) }
  Method (T125) { INIT ()
    Local0 = ""
    Return (ToHexString (Local0)) }
  Method (T126) { INIT ()
    Local0 = "not a number"
    Return (ToHexString (Local0)) }
  Method (T127) { INIT ()
    Local0 = Buffer () {0x11, 0x22, 0x33}
    Return (ToHexString (Local0)) }
  Method (T128) { INIT ()
    Local0 = Buffer () {1,2,3,4,5,6,7,8,9,10}
    Return (ToHexString (Local0)) }
  Method (T129) { INIT ()
    Local0 = BFLD
    Return (ToHexString (Local0)) }
  Method (T130) { INIT ()
    Local0 = RFLD
    Return (ToHexString (Local0)) }
  Method (T131) { INIT ()
    Local0 = WIDE
    Return (ToHexString (Local0)) }
  Method (T132) { INIT ()
    ToHexString ("0x41", INTA)
    Return (INTA) }
  Method (T133) { INIT ()
    ToHexString ("0x41", STRA)
    Return (STRA) }
  Method (T134) { INIT ()
    ToHexString ("0x41", BUFA)
    Return (BUFA) }
  Method (T135) { INIT ()
    Local0 = 0x0123456789ABCDEF
    Return (ToDecimalString (Local0)) }
  Method (T136) { INIT ()
    Local0 = 0
    Return (ToDecimalString (Local0)) }
  Method (T137) { INIT ()
    Local0 = "1F2E"
    Return (ToDecimalString (Local0)) }
  Method (T138) { INIT ()
    Local0 = "0x77zz"
    Return (ToDecimalString (Local0)) }
  Method (T139) { INIT ()
    Local0 = ""
    Return (ToDecimalString (Local0)) }
  Method (T140) { INIT ()
    Local0 = "not a number"
    Return (ToDecimalString (Local0)) }
  Method (T141) { INIT ()
    Local0 = Buffer () {0x11, 0x22, 0x33}
    Return (ToDecimalString (Local0)) }
  Method (T142) { INIT ()
    Local0 = Buffer () {1,2,3,4,5,6,7,8,9,10}
    Return (ToDecimalString (Local0)) }
  Method (T143) { INIT ()
    Local0 = BFLD
    Return (ToDecimalString (Local0)) }
  Method (T144) { INIT ()
    Local0 = RFLD
    Return (ToDecimalString (Local0)) }
  Method (T145) { INIT ()
    Local0 = WIDE
    Return (ToDecimalString (Local0)) }
  Method (T146) { INIT ()
    ToDecimalString ("0x41", INTA)
    Return (INTA) }
  Method (T147) { INIT ()
    ToDecimalString ("0x41", STRA)
    Return (STRA) }
  Method (T148) { INIT ()
    ToDecimalString ("0x41", BUFA)
    Return (BUFA) }
}
