// Concatenate and the logical operators on all pairs of types.
DefinitionBlock ("", "DSDT", 2, "APUS", "TEST", 1)
{
  Device (DEVA) {}
  PowerResource (PWRA, 1, 0) {}
  Processor (CPUA, 1, 0x410, 6) {}
  ThermalZone (THZA) {}
  Mutex (MTXA, 0)
  Event (EVTA)
  OperationRegion (RGNA, SystemMemory, 0x1000, 0x10)
  Name (PKGA, Package () {1, 2})
  Method (T000) { Local0 = 0x12
    Local1 = 0x12
    Return (Concatenate (Local0, Local1)) }
  Method (T001) { Local0 = 0x12
    Local1 = "12"
    Return (Concatenate (Local0, Local1)) }
  Method (T002) { Local0 = 0x12
    Local1 = "abc"
    Return (Concatenate (Local0, Local1)) }
  Method (T003) { Local0 = 0x12
    Local1 = Buffer () {0x31, 0x32}
    Return (Concatenate (Local0, Local1)) }
  Method (T004) { Local0 = 0x12
    Local1 = Buffer () {1, 2, 3, 4, 5, 6, 7, 8, 9}
    Return (Concatenate (Local0, Local1)) }
  Method (T005) { Local0 = 0x12
    Local1 = ""
    Return (Concatenate (Local0, Local1)) }
  Method (T006) { Local0 = "12"
    Local1 = 0x12
    Return (Concatenate (Local0, Local1)) }
  Method (T007) { Local0 = "12"
    Local1 = "12"
    Return (Concatenate (Local0, Local1)) }
  Method (T008) { Local0 = "12"
    Local1 = "abc"
    Return (Concatenate (Local0, Local1)) }
  Method (T009) { Local0 = "12"
    Local1 = Buffer () {0x31, 0x32}
    Return (Concatenate (Local0, Local1)) }
  Method (T010) { Local0 = "12"
    Local1 = Buffer () {1, 2, 3, 4, 5, 6, 7, 8, 9}
    Return (Concatenate (Local0, Local1)) }
  Method (T011) { Local0 = "12"
    Local1 = ""
    Return (Concatenate (Local0, Local1)) }
  Method (T012) { Local0 = "abc"
    Local1 = 0x12
    Return (Concatenate (Local0, Local1)) }
  Method (T013) { Local0 = "abc"
    Local1 = "12"
    Return (Concatenate (Local0, Local1)) }
  Method (T014) { Local0 = "abc"
    Local1 = "abc"
    Return (Concatenate (Local0, Local1)) }
  Method (T015) { Local0 = "abc"
    Local1 = Buffer () {0x31, 0x32}
    Return (Concatenate (Local0, Local1)) }
  Method (T016) { Local0 = "abc"
    Local1 = Buffer () {1, 2, 3, 4, 5, 6, 7, 8, 9}
    Return (Concatenate (Local0, Local1)) }
  Method (T017) { Local0 = "abc"
    Local1 = ""
    Return (Concatenate (Local0, Local1)) }
  Method (T018) { Local0 = Buffer () {0x31, 0x32}
    Local1 = 0x12
    Return (Concatenate (Local0, Local1)) }
  Method (T019) { Local0 = Buffer () {0x31, 0x32}
    Local1 = "12"
    Return (Concatenate (Local0, Local1)) }
  Method (T020) { Local0 = Buffer () {0x31, 0x32}
    Local1 = "abc"
    Return (Concatenate (Local0, Local1)) }
  Method (T021) { Local0 = Buffer () {0x31, 0x32}
    Local1 = Buffer () {0x31, 0x32}
    Return (Concatenate (Local0, Local1)) }
  Method (T022) { Local0 = Buffer () {0x31, 0x32}
    Local1 = Buffer () {1, 2, 3, 4, 5, 6, 7, 8, 9}
    Return (Concatenate (Local0, Local1)) }
  Method (T023) { Local0 = Buffer () {0x31, 0x32}
    Local1 = ""
    Return (Concatenate (Local0, Local1)) }
  Method (T024) { Local0 = Buffer () {1, 2, 3, 4, 5, 6, 7, 8, 9}
    Local1 = 0x12
    Return (Concatenate (Local0, Local1)) }
  Method (T025) { Local0 = Buffer () {1, 2, 3, 4, 5, 6, 7, 8, 9}
    Local1 = "12"
    Return (Concatenate (Local0, Local1)) }
  Method (T026) { Local0 = Buffer () {1, 2, 3, 4, 5, 6, 7, 8, 9}
    Local1 = "abc"
    Return (Concatenate (Local0, Local1)) }
  Method (T027) { Local0 = Buffer () {1, 2, 3, 4, 5, 6, 7, 8, 9}
    Local1 = Buffer () {0x31, 0x32}
    Return (Concatenate (Local0, Local1)) }
  Method (T028) { Local0 = Buffer () {1, 2, 3, 4, 5, 6, 7, 8, 9}
    Local1 = Buffer () {1, 2, 3, 4, 5, 6, 7, 8, 9}
    Return (Concatenate (Local0, Local1)) }
  Method (T029) { Local0 = Buffer () {1, 2, 3, 4, 5, 6, 7, 8, 9}
    Local1 = ""
    Return (Concatenate (Local0, Local1)) }
  Method (T030) { Local0 = ""
    Local1 = 0x12
    Return (Concatenate (Local0, Local1)) }
  Method (T031) { Local0 = ""
    Local1 = "12"
    Return (Concatenate (Local0, Local1)) }
  Method (T032) { Local0 = ""
    Local1 = "abc"
    Return (Concatenate (Local0, Local1)) }
  Method (T033) { Local0 = ""
    Local1 = Buffer () {0x31, 0x32}
    Return (Concatenate (Local0, Local1)) }
  Method (T034) { Local0 = ""
    Local1 = Buffer () {1, 2, 3, 4, 5, 6, 7, 8, 9}
    Return (Concatenate (Local0, Local1)) }
  Method (T035) { Local0 = ""
    Local1 = ""
    Return (Concatenate (Local0, Local1)) }
  Method (T036) { Local0 = 0x12
    Local1 = 0x12
    Return (LEqual (Local0, Local1)) }
  Method (T037) { Local0 = 0x12
    Local1 = 0x12
    Return (LGreater (Local0, Local1)) }
  Method (T038) { Local0 = 0x12
    Local1 = 0x12
    Return (LLess (Local0, Local1)) }
  Method (T039) { Local0 = 0x12
    Local1 = "12"
    Return (LEqual (Local0, Local1)) }
  Method (T040) { Local0 = 0x12
    Local1 = "12"
    Return (LGreater (Local0, Local1)) }
  Method (T041) { Local0 = 0x12
    Local1 = "12"
    Return (LLess (Local0, Local1)) }
  Method (T042) { Local0 = 0x12
    Local1 = "abc"
    Return (LEqual (Local0, Local1)) }
  Method (T043) { Local0 = 0x12
    Local1 = "abc"
    Return (LGreater (Local0, Local1)) }
  Method (T044) { Local0 = 0x12
    Local1 = "abc"
    Return (LLess (Local0, Local1)) }
  Method (T045) { Local0 = 0x12
    Local1 = Buffer () {0x31, 0x32}
    Return (LEqual (Local0, Local1)) }
  Method (T046) { Local0 = 0x12
    Local1 = Buffer () {0x31, 0x32}
    Return (LGreater (Local0, Local1)) }
  Method (T047) { Local0 = 0x12
    Local1 = Buffer () {0x31, 0x32}
    Return (LLess (Local0, Local1)) }
  Method (T048) { Local0 = 0x12
    Local1 = Buffer () {1, 2, 3, 4, 5, 6, 7, 8, 9}
    Return (LEqual (Local0, Local1)) }
  Method (T049) { Local0 = 0x12
    Local1 = Buffer () {1, 2, 3, 4, 5, 6, 7, 8, 9}
    Return (LGreater (Local0, Local1)) }
  Method (T050) { Local0 = 0x12
    Local1 = Buffer () {1, 2, 3, 4, 5, 6, 7, 8, 9}
    Return (LLess (Local0, Local1)) }
  Method (T051) { Local0 = "12"
    Local1 = 0x12
    Return (LEqual (Local0, Local1)) }
  Method (T052) { Local0 = "12"
    Local1 = 0x12
    Return (LGreater (Local0, Local1)) }
  Method (T053) { Local0 = "12"
    Local1 = 0x12
    Return (LLess (Local0, Local1)) }
  Method (T054) { Local0 = "12"
    Local1 = "12"
    Return (LEqual (Local0, Local1)) }
  Method (T055) { Local0 = "12"
    Local1 = "12"
    Return (LGreater (Local0, Local1)) }
  Method (T056) { Local0 = "12"
    Local1 = "12"
    Return (LLess (Local0, Local1)) }
  Method (T057) { Local0 = "12"
    Local1 = "abc"
    Return (LEqual (Local0, Local1)) }
  Method (T058) { Local0 = "12"
    Local1 = "abc"
    Return (LGreater (Local0, Local1)) }
  Method (T059) { Local0 = "12"
    Local1 = "abc"
    Return (LLess (Local0, Local1)) }
  Method (T060) { Local0 = "12"
    Local1 = Buffer () {0x31, 0x32}
    Return (LEqual (Local0, Local1)) }
  Method (T061) { Local0 = "12"
    Local1 = Buffer () {0x31, 0x32}
    Return (LGreater (Local0, Local1)) }
  Method (T062) { Local0 = "12"
    Local1 = Buffer () {0x31, 0x32}
    Return (LLess (Local0, Local1)) }
  Method (T063) { Local0 = "12"
    Local1 = Buffer () {1, 2, 3, 4, 5, 6, 7, 8, 9}
    Return (LEqual (Local0, Local1)) }
  Method (T064) { Local0 = "12"
    Local1 = Buffer () {1, 2, 3, 4, 5, 6, 7, 8, 9}
    Return (LGreater (Local0, Local1)) }
  Method (T065) { Local0 = "12"
    Local1 = Buffer () {1, 2, 3, 4, 5, 6, 7, 8, 9}
    Return (LLess (Local0, Local1)) }
  Method (T066) { Local0 = "abc"
    Local1 = 0x12
    Return (LEqual (Local0, Local1)) }
  Method (T067) { Local0 = "abc"
    Local1 = 0x12
    Return (LGreater (Local0, Local1)) }
  Method (T068) { Local0 = "abc"
    Local1 = 0x12
    Return (LLess (Local0, Local1)) }
  Method (T069) { Local0 = "abc"
    Local1 = "12"
    Return (LEqual (Local0, Local1)) }
  Method (T070) { Local0 = "abc"
    Local1 = "12"
    Return (LGreater (Local0, Local1)) }
  Method (T071) { Local0 = "abc"
    Local1 = "12"
    Return (LLess (Local0, Local1)) }
  Method (T072) { Local0 = "abc"
    Local1 = "abc"
    Return (LEqual (Local0, Local1)) }
  Method (T073) { Local0 = "abc"
    Local1 = "abc"
    Return (LGreater (Local0, Local1)) }
  Method (T074) { Local0 = "abc"
    Local1 = "abc"
    Return (LLess (Local0, Local1)) }
  Method (T075) { Local0 = "abc"
    Local1 = Buffer () {0x31, 0x32}
    Return (LEqual (Local0, Local1)) }
  Method (T076) { Local0 = "abc"
    Local1 = Buffer () {0x31, 0x32}
    Return (LGreater (Local0, Local1)) }
  Method (T077) { Local0 = "abc"
    Local1 = Buffer () {0x31, 0x32}
    Return (LLess (Local0, Local1)) }
  Method (T078) { Local0 = "abc"
    Local1 = Buffer () {1, 2, 3, 4, 5, 6, 7, 8, 9}
    Return (LEqual (Local0, Local1)) }
  Method (T079) { Local0 = "abc"
    Local1 = Buffer () {1, 2, 3, 4, 5, 6, 7, 8, 9}
    Return (LGreater (Local0, Local1)) }
  Method (T080) { Local0 = "abc"
    Local1 = Buffer () {1, 2, 3, 4, 5, 6, 7, 8, 9}
    Return (LLess (Local0, Local1)) }
  Method (T081) { Local0 = Buffer () {0x31, 0x32}
    Local1 = 0x12
    Return (LEqual (Local0, Local1)) }
  Method (T082) { Local0 = Buffer () {0x31, 0x32}
    Local1 = 0x12
    Return (LGreater (Local0, Local1)) }
  Method (T083) { Local0 = Buffer () {0x31, 0x32}
    Local1 = 0x12
    Return (LLess (Local0, Local1)) }
  Method (T084) { Local0 = Buffer () {0x31, 0x32}
    Local1 = "12"
    Return (LEqual (Local0, Local1)) }
  Method (T085) { Local0 = Buffer () {0x31, 0x32}
    Local1 = "12"
    Return (LGreater (Local0, Local1)) }
  Method (T086) { Local0 = Buffer () {0x31, 0x32}
    Local1 = "12"
    Return (LLess (Local0, Local1)) }
  Method (T087) { Local0 = Buffer () {0x31, 0x32}
    Local1 = "abc"
    Return (LEqual (Local0, Local1)) }
  Method (T088) { Local0 = Buffer () {0x31, 0x32}
    Local1 = "abc"
    Return (LGreater (Local0, Local1)) }
  Method (T089) { Local0 = Buffer () {0x31, 0x32}
    Local1 = "abc"
    Return (LLess (Local0, Local1)) }
  Method (T090) { Local0 = Buffer () {0x31, 0x32}
    Local1 = Buffer () {0x31, 0x32}
    Return (LEqual (Local0, Local1)) }
  Method (T091) { Local0 = Buffer () {0x31, 0x32}
    Local1 = Buffer () {0x31, 0x32}
    Return (LGreater (Local0, Local1)) }
  Method (T092) { Local0 = Buffer () {0x31, 0x32}
    Local1 = Buffer () {0x31, 0x32}
    Return (LLess (Local0, Local1)) }
  Method (T093) { Local0 = Buffer () {0x31, 0x32}
    Local1 = Buffer () {1, 2, 3, 4, 5, 6, 7, 8, 9}
    Return (LEqual (Local0, Local1)) }
  Method (T094) { Local0 = Buffer () {0x31, 0x32}
    Local1 = Buffer () {1, 2, 3, 4, 5, 6, 7, 8, 9}
    Return (LGreater (Local0, Local1)) }
  Method (T095) { Local0 = Buffer () {0x31, 0x32}
    Local1 = Buffer () {1, 2, 3, 4, 5, 6, 7, 8, 9}
    Return (LLess (Local0, Local1)) }
  Method (T096) { Local0 = Buffer () {1, 2, 3, 4, 5, 6, 7, 8, 9}
    Local1 = 0x12
    Return (LEqual (Local0, Local1)) }
  Method (T097) { Local0 = Buffer () {1, 2, 3, 4, 5, 6, 7, 8, 9}
    Local1 = 0x12
    Return (LGreater (Local0, Local1)) }
  Method (T098) { Local0 = Buffer () {1, 2, 3, 4, 5, 6, 7, 8, 9}
    Local1 = 0x12
    Return (LLess (Local0, Local1)) }
  Method (T099) { Local0 = Buffer () {1, 2, 3, 4, 5, 6, 7, 8, 9}
    Local1 = "12"
    Return (LEqual (Local0, Local1)) }
  Method (T100) { Local0 = Buffer () {1, 2, 3, 4, 5, 6, 7, 8, 9}
    Local1 = "12"
    Return (LGreater (Local0, Local1)) }
  Method (T101) { Local0 = Buffer () {1, 2, 3, 4, 5, 6, 7, 8, 9}
    Local1 = "12"
    Return (LLess (Local0, Local1)) }
  Method (T102) { Local0 = Buffer () {1, 2, 3, 4, 5, 6, 7, 8, 9}
    Local1 = "abc"
    Return (LEqual (Local0, Local1)) }
  Method (T103) { Local0 = Buffer () {1, 2, 3, 4, 5, 6, 7, 8, 9}
    Local1 = "abc"
    Return (LGreater (Local0, Local1)) }
  Method (T104) { Local0 = Buffer () {1, 2, 3, 4, 5, 6, 7, 8, 9}
    Local1 = "abc"
    Return (LLess (Local0, Local1)) }
  Method (T105) { Local0 = Buffer () {1, 2, 3, 4, 5, 6, 7, 8, 9}
    Local1 = Buffer () {0x31, 0x32}
    Return (LEqual (Local0, Local1)) }
  Method (T106) { Local0 = Buffer () {1, 2, 3, 4, 5, 6, 7, 8, 9}
    Local1 = Buffer () {0x31, 0x32}
    Return (LGreater (Local0, Local1)) }
  Method (T107) { Local0 = Buffer () {1, 2, 3, 4, 5, 6, 7, 8, 9}
    Local1 = Buffer () {0x31, 0x32}
    Return (LLess (Local0, Local1)) }
  Method (T108) { Local0 = Buffer () {1, 2, 3, 4, 5, 6, 7, 8, 9}
    Local1 = Buffer () {1, 2, 3, 4, 5, 6, 7, 8, 9}
    Return (LEqual (Local0, Local1)) }
  Method (T109) { Local0 = Buffer () {1, 2, 3, 4, 5, 6, 7, 8, 9}
    Local1 = Buffer () {1, 2, 3, 4, 5, 6, 7, 8, 9}
    Return (LGreater (Local0, Local1)) }
  Method (T110) { Local0 = Buffer () {1, 2, 3, 4, 5, 6, 7, 8, 9}
    Local1 = Buffer () {1, 2, 3, 4, 5, 6, 7, 8, 9}
    Return (LLess (Local0, Local1)) }
  Method (T111) { Return (Concatenate (DEVA, "x")) }
  Method (T112) { Return (Concatenate ("x", DEVA)) }
  Method (T113) { Return (Concatenate (1, DEVA)) }
  Method (T114) { Return (Concatenate (PWRA, "x")) }
  Method (T115) { Return (Concatenate ("x", PWRA)) }
  Method (T116) { Return (Concatenate (1, PWRA)) }
  Method (T117) { Return (Concatenate (CPUA, "x")) }
  Method (T118) { Return (Concatenate ("x", CPUA)) }
  Method (T119) { Return (Concatenate (1, CPUA)) }
  Method (T120) { Return (Concatenate (THZA, "x")) }
  Method (T121) { Return (Concatenate ("x", THZA)) }
  Method (T122) { Return (Concatenate (1, THZA)) }
  Method (T123) { Return (Concatenate (MTXA, "x")) }
  Method (T124) { Return (Concatenate ("x", MTXA)) }
  Method (T125) { Return (Concatenate (1, MTXA)) }
  Method (T126) { Return (Concatenate (EVTA, "x")) }
  Method (T127) { Return (Concatenate ("x", EVTA)) }
  Method (T128) { Return (Concatenate (1, EVTA)) }
  Method (T129) { Return (Concatenate (RGNA, "x")) }
  Method (T130) { Return (Concatenate ("x", RGNA)) }
  Method (T131) { Return (Concatenate (1, RGNA)) }
  Method (T132) { Return (Concatenate (PKGA, "x")) }
  Method (T133) { Return (Concatenate ("x", PKGA)) }
  Method (T134) { Return (Concatenate (1, PKGA)) }
  Method (T135) { Return (LAnd (1, 0)) }
  Method (T136) { Return (LAnd (2, "1")) }
  Method (T137) { Return (LOr (0, Buffer () {0})) }
  Method (T138) { Return (LOr (0, Buffer () {1})) }
  Method (T139) { Return (LNot (0)) }
  Method (T140) { Return (LNot (5)) }
  Method (T141) { Return (LNotEqual (1, 2)) }
  Method (T142) { Return (LGreaterEqual (2, 2)) }
  Method (T143) { Return (LLessEqual (3, 2)) }
  Method (T144) { Return (LEqual ("", "")) }
  Method (T145) { Return (LEqual (Buffer () {}, Buffer () {})) }
  Method (T146) { Return (LEqual (PKGA, 1)) }
  Method (T147) { Return (LEqual (DEVA, 1)) }
  Method (T148) { Return (LGreater ("b", "abc")) }
  Method (T149) { Return (LLess ("abc", "abd")) }
  Method (T150) { Return (LLess ("ab", "abc")) }
  Method (T151) { Return (LEqual (0xFFFFFFFFFFFFFFFF, Ones)) }
}
