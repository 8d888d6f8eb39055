// References: RefOf, CondRefOf, DerefOf, ObjectType and SizeOf through them; arguments that hold references.
DefinitionBlock ("", "DSDT", 2, "APUS", "TEST", 1)
{
  Name (INTA, 10)
  Name (STRA, "text")
  Name (BUFA, Buffer () {1, 2, 3})
  Name (PKGA, Package () {10, 20, 30})
  Name (REFA, 0)
  Device (DEVA) { Name (INTB, 11) }
  Mutex (MTXA, 0)
  Event (EVTA)
  Method (SETA, 2) { Arg0 = Arg1 }
  Method (GETA, 1) { Return (DerefOf (Arg0)) }
  Method (TYPE, 1) { Return (ObjectType (Arg0)) }
  Method (SIZE, 1) { Return (SizeOf (Arg0)) }
  Method (NEST, 1) { SETA (Arg0, 66) }
  Method (T000) { Return (DerefOf (RefOf (INTA))) }
  Method (T001) { Local0 = RefOf (STRA)  Return (DerefOf (Local0)) }
  Method (T002) { SETA (RefOf (INTA), 12)  Return (INTA) }
  Method (T003) { SETA (RefOf (INTA), "str")  Return (INTA) }
  Method (T004) { Return (ObjectType (INTA)) }
  Method (T005) { SETA (RefOf (INTA), 12)  Return (INTA) }
  Method (T006) { Local0 = 1  SETA (RefOf (Local0), 5)  Return (Local0) }
  Method (T007) { Local0 = 1  SETA (RefOf (Local0), "s")  Return (Local0) }
  Method (T008) { SETA (INTA, 99)  Return (INTA) }
  Method (T009) { NEST (RefOf (INTA))  Return (INTA) }
  Method (T010) { Return (GETA (RefOf (BUFA))) }
  Method (T011) { Return (TYPE (RefOf (DEVA))) }
  Method (T012) { Return (TYPE (RefOf (MTXA))) }
  Method (T013) { Return (TYPE (RefOf (EVTA))) }
  Method (T014) { Return (TYPE (RefOf (SETA))) }
  Method (T015) { Return (TYPE (INTA)) }
  Method (T016) { Return (SIZE (RefOf (PKGA))) }
  Method (T017) { Return (SIZE (RefOf (STRA))) }
  Method (T018) { Local0 = RefOf (STRA)  Return (SizeOf (Local0)) }
  Method (T019) { Return (CondRefOf (INTA)) }
  Method (T020) { Return (CondRefOf (\NONE)) }
  Method (T021) { If (CondRefOf (INTA, Local0)) { Return (DerefOf (Local0)) }  Return (0) }
  Method (T022) { Return (CondRefOf (\DEVA.INTB, Local0)) }
  Method (T023) { Return (CondRefOf (\DEVA.NONE, Local0)) }
  Method (T024) { Local0 = 3  Return (CondRefOf (Local0)) }
  Method (T025) { Return (CondRefOf (Local1)) }
  Method (T026) { Local0 = RefOf (PKGA)  Return (DerefOf (DerefOf (Local0) [1])) }
  Method (T027) { Local0 = PKGA [1]  Local1 = RefOf (Local0)  Return (DerefOf (DerefOf (Local1))) }
  Method (T028) { Local0 = RefOf (INTA)  Local1 = Local0  Return (DerefOf (Local1)) }
  Method (T029) { Local0 = RefOf (INTA)  Local0 = 5  Return (INTA) }
  Method (T030) { CopyObject (RefOf (INTA), REFA)  Return (DerefOf (REFA)) }
  Method (T031) { Return (ObjectType (REFA)) }
  Method (T032) { Local0 = "INTA"  Return (DerefOf (Local0)) }
  Method (T033) { Local0 = "\\DEVA.INTB"  Return (DerefOf (Local0)) }
  Method (T034) { Local0 = "DEVA.INTB"  Return (DerefOf (Local0)) }
  Method (T035) { Local0 = "NONE"  Return (DerefOf (Local0)) }
  Method (T036) { Local0 = 5  Return (DerefOf (Local0)) }
  Method (T037) { Local0 = RefOf (INTA)  Return (ObjectType (RefOf (Local0))) }
  Method (T038) { Local0 = RefOf (INTA)  Return (ObjectType (Local0)) }
  Method (T039) { Local0 = Index (BUFA, 1)  Return (DerefOf (Local0)) }
  Method (T040) { Local0 = Index (STRA, 1)  Return (DerefOf (Local0)) }
  Method (T041) { Local0 = Index (PKGA, 1)  SETA (Local0, 5)  Return (PKGA) }
  Method (T042) { SETA (Index (PKGA, 1), 5)  Return (PKGA) }
  Method (T043) { SETA (RefOf (BUFA), Buffer () {9, 9, 9, 9, 9})  Return (BUFA) }
  Method (T044) { Local0 = Package (1) {}  CopyObject (RefOf (INTA), Local1)  Local0 [0] = Local1  Return (DerefOf (DerefOf (Local0 [0]))) }
  Method (T045) { Local0 = Package (1) {}  Local0 [0] = RefOf (INTA)  Return (DerefOf (DerefOf (Local0 [0]))) }
  Method (T046) { Local0 = 7  Local1 = RefOf (Local0)  Local0 = 8  Return (DerefOf (Local1)) }
  Method (T047) { Local0 = RefOf (DEVA)  Return (ObjectType (Local0)) }
  Method (T048) { Return (ObjectType (DEVA)) }
  Method (T049) { Return (ObjectType (T048)) }
  Method (T050) { Return (ObjectType (PKGA [0])) }
  Method (T051) { Return (ObjectType (Debug)) }
  Method (T052) { Local0 = DEVA  Return (ObjectType (Local0)) }
  Method (T053) { Return (SizeOf (DEVA)) }
  Method (T054) { Return (SizeOf (INTA)) }
  Method (T055) { Return (ObjectType (RefOf (PKGA))) }
  Method (T056) { Local0 = RefOf (INTA)  Return (DerefOf (Local0) + 1) }
  Method (T057) { Local0 = RefOf (INTA)  Increment (DerefOf (Local0))  Return (INTA) }
  Method (T058) { Return (RefOf (INTA)) }
  Method (T059) { Local0 = RefOf (STRA)  Return (Local0) }
  Method (T060) { Return (DEVA) }
  Method (T061) { Return (LEqual (DerefOf (RefOf (INTA)), INTA)) }
  Method (T062) { SETA (RefOf (PKGA), 5)  Return (PKGA) }
  Method (T063) { SETA (RefOf (DEVA), 5)  Return (ObjectType (DEVA)) }
}
