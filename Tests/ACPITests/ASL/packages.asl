// Packages and Index.
DefinitionBlock ("", "DSDT", 2, "APUS", "TEST", 1)
{
  Name (INTA, 42)
  Name (STRA, "str")
  Device (DEVA) { Name (_ADR, 5) }
  Method (MTHA) { Return (99) }
  Name (PKGA, Package () {1, "two", Buffer () {3}, Package () {4, "five"}, INTA, STRA, DEVA, MTHA})
  Name (PKGB, Package (5) {1, 2})
  Name (PKGC, Package () {LATE, \DEVA.SUBA, 7})
  Name (LATE, "defined later")
  Scope (DEVA) { Name (SUBA, 123) }
  Name (PKGD, Package () {0, 0, 0, 0})
  OperationRegion (RGNA, SystemMemory, 0x5000, 8)
  Field (RGNA, ByteAcc, NoLock, Preserve) { FLDA, 8 }
  Name (PKGE, Package () {Package () {0xFFFF, 0, DEVA, 0}, Package () {0x1FFFF, 1, \DEVA, 0}})
  Method (T000) { Return (PKGA) }
  Method (T001) { Return (PKGC) }
  Method (T002) { Return (SizeOf (PKGA)) }
  Method (T003) { Return (DerefOf (PKGA [0])) }
  Method (T004) { Return (DerefOf (PKGA [1])) }
  Method (T005) { Return (DerefOf (DerefOf (PKGA [3]) [1])) }
  Method (T006) { Return (DerefOf (PKGA [4])) }
  Method (T007) { INTA = 43  Return (DerefOf (PKGA [4])) }
  Method (T008) { PKGA [0] = "changed"  Return (DerefOf (PKGA [0])) }
  Method (T009) { PKGA [4] = 7  Return (INTA) }
  Method (T010) { Return (DerefOf (PKGB [3])) }
  Method (T011) { PKGB [3] = 9  Return (DerefOf (PKGB [3])) }
  Method (T012) { Return (SizeOf (PKGB)) }
  Method (T013) { Return (DerefOf (PKGB [5])) }
  Method (T014) { Return (ObjectType (PKGA [1])) }
  Method (T015) { Return (ObjectType (PKGA [2])) }
  Method (T016) { Return (ObjectType (PKGA [3])) }
  Method (T017) { Return (ObjectType (PKGA [6])) }
  Method (T018) { Return (ObjectType (PKGB [4])) }
  Method (T019) { PKGD [0] = PKGA  Return (SizeOf (DerefOf (PKGD [0]))) }
  Method (T020) { Local0 = Package (2) {}  Local0 [1] = DEVA  Return (ObjectType (Local0 [1])) }
  Method (T021) { Local0 = Package (3) {}  Local0 [2] = RefOf (INTA)  Return (DerefOf (DerefOf (Local0 [2]))) }
  Method (T022) { Local0 = PKGA  Local0 [1] = "copy"  Return (DerefOf (PKGA [1])) }
  Method (T023) { Local0 = PKGA [1]  Return (DerefOf (Local0)) }
  Method (T024) { Local0 = PKGA [1]  Return (Local0) }
  Method (T025) { Local0 = Package () {1, 2}  Local0 [0] = 5  Return (Local0) }
  Method (T026) { Local0 = 3  Return (Package (Local0) {1, 2, 3}) }
  Method (T027) { Local0 = 5  Local1 = Package (Local0) {1, 2, 3}  Return (SizeOf (Local1)) }
  Method (T028) { Return (Package () {}) }
  Method (T029) { Local1 = Package (0) {}  Return (SizeOf (Local1)) }
  Method (T030) { Return (Package () {Package () {}, Package () {1}}) }
  Method (T031) { PKGB = Package () {7, 8, 9}  Return (PKGB) }
  Method (T032) { PKGB = 5  Return (PKGB) }
  Method (T033) { CopyObject (5, PKGB)  Return (PKGB) }
  Method (T034) { Local0 = Package () {1, 2, 3}  Increment (Local0 [1])  Return (Local0) }
  Method (T035) { Local0 = Package () {1, 2, 3}  Local1 = Local0 [1]  Return (Local1 + 1) }
  Method (T036) { Return (PKGA [0] + 1) }
  Method (T037) { Return (Index (PKGD, 3) + 1) }
  Method (T038) { Local0 = Package () {1, 2, 3}  Index (Local0, 1, Local1)  Return (DerefOf (Local1)) }
  Method (T039) { Local0 = Package () {1, 2, 3}  Local1 = Local0  Local1 [0] = 77  Return (Local0) }
  Method (T040) { Local0 = Package () {Package () {1}}  Local1 = DerefOf (Local0 [0])  Local1 [0] = 5  Return (Local0) }
  Method (T041) { Local0 = Package () {Package () {1}}  DerefOf (Local0 [0]) [0] = 5  Return (Local0) }
  Method (T042) { Return (FILL (Package () {0, 0})) }
  Method (FILL, 1) { Arg0 [1] = 8  Return (Arg0) }
  Method (T043) { FILL (PKGD)  Return (PKGD) }
  Method (T044) { Return (PKGE) }
  Method (T045) { Return (DerefOf (DerefOf (PKGE [1]) [0])) }
  Method (T046) { Return (ObjectType (DerefOf (PKGE [1]) [2])) }
  Method (T047) { Return (DerefOf (PKGA [5])) }
  Method (T048) { PKGD [0] = Buffer () {1, 2, 3}  DerefOf (PKGD [0]) [1] = 9  Return (PKGD) }
  Method (T049) { PKGD [0] = "abc"  DerefOf (PKGD [0]) [1] = 0x58  Return (PKGD) }
  Method (T050) { Return (Package () {0xFFFFFFFFFFFFFFFF, Ones, Zero, One}) }
  Method (T051) { Local0 = Package () {1, 2, 3}  Return (Match (Local0, MGE, 2, MTR, 0, 0)) }
  Method (T052) { Return (Match (Package () {1, 5, 9}, MGT, 1, MLT, 9, 0)) }
  Method (T053) { Return (Match (Package () {1, 5, 9}, MEQ, 9, MTR, 0, 2)) }
  Method (T054) { Return (Match (Package () {1, 5, 9}, MEQ, 1, MTR, 0, 1)) }
  Method (T055) { Return (Match (Package () {"a", "b", 9}, MEQ, "b", MTR, 0, 0)) }
  Method (T056) { Return (Match (Package () {Buffer () {1}, Buffer () {2}}, MEQ, Buffer () {2}, MTR, 0, 0)) }
  Method (T057) { Return (Match (Package () {Package () {}, 2}, MEQ, 2, MTR, 0, 0)) }
  Method (T058) { Return (Match (Package (4) {1}, MEQ, 2, MTR, 0, 0)) }
  Method (T059) { Return (Match (Package () {"3", 3}, MEQ, 3, MTR, 0, 0)) }
  Method (T060) { Return (Match (Package () {3, "00000003"}, MEQ, "0000000000000003", MTR, 0, 0)) }
  Method (T061) { Return (Match (Package () {1, 2, 3, 4}, MLE, 3, MGE, 3, 0)) }
  Method (T062) { PKGD [4] = 1  Return (PKGD) }
  Method (T063) { Local0 = Package () {FLDA, 1}  FLDA = 9  Return (Local0) }
  Method (T064) { Return (DerefOf (PKGA [7])) }
  Method (T065) { Name (TMPA, Package () {1})  PKGD [3] = TMPA  TMPA [0] = 2  Return (DerefOf (PKGD [3])) }
  Method (T066) { Local0 = Package (2) {}  Local0 [0] = Local0  Return (SizeOf (DerefOf (Local0 [0]))) }
  Method (T067) { Return (PKGC [0]) }
  Method (T068) { Return (PKGA [3]) }
}
