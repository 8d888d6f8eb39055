// If, Else, While, Break, Continue, Switch, recursion, and what methods return.
DefinitionBlock ("", "DSDT", 2, "APUS", "TEST", 1)
{
  Name (CNTA, 0)
  Method (FACT, 1) { If (Arg0 <= 1) { Return (1) }  Return (Arg0 * FACT (Arg0 - 1)) }
  Method (FIBO, 1) { If (Arg0 < 2) { Return (Arg0) }  Return (FIBO (Arg0 - 1) + FIBO (Arg0 - 2)) }
  Method (GCDA, 2) { While (Arg1) { Local0 = Arg0 % Arg1  Arg0 = Arg1  Arg1 = Local0 }  Return (Arg0) }
  Method (EVEN, 2) { If (Arg0 == 0) { Return (Arg1) }  Return (EVEN (Arg0 - 1, !Arg1)) }
  Method (NOTH) { CNTA++ }
  Method (SEVN, 7) { Return (Arg0 + Arg1 * 2 + Arg2 * 4 + Arg3 * 8 + Arg4 * 16 + Arg5 * 32 + Arg6 * 64) }
  Method (BUBL, 1) {
    Local0 = SizeOf (Arg0)
    While (Local0 > 1) {
      Local1 = 0
      While (Local1 < Local0 - 1) {
        Local2 = DerefOf (Arg0 [Local1])
        Local3 = DerefOf (Arg0 [Local1 + 1])
        If (Local2 > Local3) { Arg0 [Local1] = Local3  Arg0 [Local1 + 1] = Local2 }
        Local1++
      }
      Local0--
    }
    Return (Arg0)
  }
  Method (SWIT, 1) {
    Switch (ToInteger (Arg0)) {
      Case (1) { Return ("one") }
      Case (Package () {2, 3}) { Return ("two or three") }
      Default { Return ("many") }
    }
  }
  Method (SWIS, 1, Serialized) {
    Switch (Arg0) {
      Case ("a") { Local0 = 1 }
      Case ("b") { Local0 = 2 }
      Default { Local0 = 0 }
    }
    Return (Local0)
  }
  Method (T000) { Return (FACT (10)) }
  Method (T001) { Return (FIBO (12)) }
  Method (T002) { Return (GCDA (1071, 462)) }
  Method (T003) { Return (EVEN (20, 1)) }
  Method (T004) { Return (EVEN (33, 1)) }
  Method (T005) { Return (SEVN (1, 1, 1, 1, 1, 1, 1)) }
  Method (T006) { Return (BUBL (Package () {5, 3, 9, 1, 7, 2})) }
  Method (T007) { Return (SWIT (1)) }
  Method (T008) { Return (SWIT (3)) }
  Method (T009) { Return (SWIT (9)) }
  Method (T010) { Local0 = 0  While (1) { Local0++  If (Local0 == 5) { Break } }  Return (Local0) }
  Method (T011) { Local0 = 0  Local1 = 0  While (Local0 < 10) { Local0++  If (Local0 & 1) { Continue }  Local1 += Local0 }  Return (Local1) }
  Method (T012) { Local0 = 0  Local2 = 0  While (Local0 < 5) { Local0++  Local1 = 0  While (1) { Local1++  If (Local1 > Local0) { Break }  Local2++ } }  Return (Local2) }
  Method (T013) { If (0) { Return (1) } ElseIf (0) { Return (2) } Else { Return (3) } }
  Method (T014) { If (0) { Return (1) } ElseIf (1) { Return (2) } Else { Return (3) } }
  Method (T015) { If (1) { Local0 = 1 } Else { Local0 = 2 }  Return (Local0) }
  Method (T016) { If (1) { } Else { Return (1) }  Return (2) }
  Method (T017) { If (0) { }  Return (2) }
  Method (T018) { If ("1") { Return (1) }  Return (0) }
  Method (T019) { If ("0") { Return (1) }  Return (0) }
  Method (T020) { If (Buffer () {0, 1}) { Return (1) }  Return (0) }
  Method (T021) { While (0) { Return (1) }  Return (0) }
  Method (T022) { NOTH ()  Return (CNTA) }
  Method (T023) { }
  Method (T024) { Local0 = 5 }
  Method (T025) { CNTA = 5 }
  Method (T026) { Return (NOTH ()) }
  Method (T027) { Local0 = NOTH ()  Return (Local0) }
  Method (T028) { Return (Local0) }
  Method (T029) { Return (1 + Local0) }
  Method (T030) { If (1) { Return (1) }  Return (2) }
  Method (T031) { While (1) { While (1) { Return (7) } } }
  Method (T032) { While (1) { If (1) { If (1) { Break } } }  Return (8) }
  Method (T033) { Return (SWIS ("a")) }
  Method (T034) { Return (SWIS ("b")) }
  Method (T035) { Return (SWIS ("c")) }
  Method (T036) { Noop  Return (1) }
  Method (T037) { Return (!!5) }
  Method (T038) { Local0 = 100  While (Local0) { Local0-- }  Return (Local0) }
  Method (T039) { For (Local0 = 0, Local0 < 10, Local0++) { CNTA += Local0 }  Return (CNTA) }
  Method (T040) { Return (FACT (FACT (3))) }
  Method (T041) { Return (Add (FACT (3), FACT (4))) }
  Method (DEEP, 1) { If (Arg0 == 0) { Return (0) }  Return (DEEP (Arg0 - 1) + 1) }
  Method (T042) { Return (DEEP (100)) }
  Method (INFI) { Return (INFI ()) }
  Method (T043) { Return (INFI ()) }
  Method (ARGM, 2) { Arg0 = Arg1  Arg1 = 5  Return (Arg0 + Arg1) }
  Method (T044) { Return (ARGM (1, 2)) }
  Method (T045) { Local0 = 3  Return (ARGM (Local0, Local0) + Local0) }
  Method (T046) { Local0 = "text"  Local1 = Local0  Local1 = 5  Return (Local0) }
  Method (T047) { Local7 = 7  Local6 = Local7  Return (Local6) }
  Method (T048) { If (LAnd (1, LNot (0))) { Return ("yes") }  Return ("no") }
  Method (T049) { Return (LOr (LEqual (1, 2), LGreater (3, 2))) }
  Method (T050) { Local0 = 5  If (Local0 > 3 && Local0 < 10) { Return ("in") }  Return ("out") }
  Method (T051) { While (CNTA < 100) { CNTA += 30 }  Return (CNTA) }
  Method (T052) { If (NOTH ()) { Return (1) }  Return (0) }
  Method (T053) { Return (Divide (10, FACT (3), Local0)) }
  Method (T054) { Local0 = Package (1) {}  Local0 [0] = FACT (4)  Return (Local0) }
  Method (T055) { Return (Buffer (FACT (3)) {1, 2}) }
  Method (T056) { Timer  Return (1) }
  Method (T057) { Sleep (1)  Return (1) }
  Method (T058) { Stall (10)  Return (1) }
  Method (T059) { Debug = "text"  Return (1) }
  Method (T060) { Fatal (1, 2, 3)  Return (1) }
}
