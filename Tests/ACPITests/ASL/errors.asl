// What must end in an error, and leaves the interpreter as it was.
DefinitionBlock ("", "DSDT", 2, "APUS", "TEST", 1)
{
  Name (INTA, 1)
  Name (PKGA, Package () {1})
  Name (BUFA, Buffer () {1})
  Device (DEVA) {}
  Mutex (MTXA, 0)
  Event (EVTA)
  ThermalZone (THZA) {}
  PowerResource (PWRA, 0, 0) {}
  OperationRegion (RGNA, SystemMemory, 0, 4)
  Method (NONE) {}
  Method (T000) { Return (PKGA + 1) }
  Method (T001) { Return (DEVA + 1) }
  Method (T002) { DEVA = 1  Return (1) }
  Method (T003) { MTXA = 1  Return (1) }
  Method (T004) { RGNA = 1  Return (1) }
  Method (T005) { PKGA = 1  Return (1) }
  Method (T006) { INTA = PKGA  Return (INTA) }
  Method (T007) { INTA = DEVA  Return (INTA) }
  Method (T008) { Return (NONE () + 1) }
  Method (T009) { Local0 = NONE ()  Return (Local0) }
  Method (T010) { Return (Acquire (EVTA, 0)) }
  Method (T011) { Signal (MTXA)  Return (1) }
  Method (T012) { Local0 = 5  Return (DerefOf (Index (Local0, 0))) }
  Method (T013) { Return (SizeOf (MTXA)) }
  Method (T014) { Notify (INTA, 1)  Return (1) }
  Method (T015) { Return (Mid (PKGA, 0, 1)) }
  Method (T016) { Return (ToInteger (PKGA)) }
  Method (T017) { Return (Match (BUFA, MEQ, 1, MTR, 0, 0)) }
  Method (T018) { Return (Not (PKGA)) }
  Method (T019) { Return (LNot (PKGA)) }
  Method (T020) { If (PKGA) { Return (1) }  Return (0) }
  Method (T021) { While (DEVA) { Return (1) }  Return (0) }
  Method (T022) { CreateByteField (PKGA, 0, FLDA)  Return (FLDA) }
  Method (T023) { CreateByteField (INTA, 0, FLDA)  Return (FLDA) }
  Method (T024) { Return (Concatenate (PKGA, PKGA)) }
  Method (T025) { Name (INTA, 5)  Name (INTA, 6)  Return (INTA) }
  Method (T026) { Return (INTA) }
  Method (T027) { Divide (1, 0, Local0, Local1)  Return (Local0) }
  Method (T028) { Return (ShiftLeft (PKGA, 1)) }
  Method (T029) { Increment (PKGA)  Return (1) }
  Method (T030) { Increment (DEVA)  Return (1) }
  Method (T031) { CopyObject (PKGA, INTA)  Return (INTA) }
  Method (T032) { CopyObject (1, INTA)  Return (INTA) }
  Method (T033) { CopyObject (Buffer () {7}, THZA)  Return (THZA) }
  Method (T034) { CopyObject (5, PWRA)  Return (PWRA) }
  Method (T035) { THZA = 5  Return (THZA) }
  Method (T036) { Break  Return (1) }
  Method (T037) { Stall (300)  Return (1) }
  Method (T038) { Notify (DEVA, 0x80)  Return (1) }
  Method (T039) { Notify (THZA, 0x80)  Return (1) }
  Method (T040) { Release (EVTA)  Return (1) }
  Method (T041) { Return (Arg0) }
  Method (T042) { Arg0 = 5  Return (Arg0) }
  Method (T043) { Local0 = RefOf (Arg0)  Return (1) }
  Method (T044) { Return (ToBCD (PKGA)) }
  Method (T045) { Return (FromBCD (0xAB)) }
  Method (T046) { Return (FindSetLeftBit (DEVA)) }
  Method (T047) { Return (Wait (MTXA, 0)) }
  Method (T048) { Return (LEqual (1, PKGA)) }
  Method (T049) { Return (LEqual (PKGA, PKGA)) }
  Method (T050) { Return (ObjectType (Arg0)) }
  Method (T051) { Unload (INTA)  Return (1) }
  Method (T052) { Return (Mid ("abc", PKGA, 1)) }
  Method (T053) { Name (STRA, "ab")  Return (DerefOf (STRA [2])) }
  Method (T054) { Name (PKGB, Package (2) {})  Return (DerefOf (PKGB [0])) }
  Method (T055) { Name (PKGB, Package (2) {})  Return (PKGB) }
}
