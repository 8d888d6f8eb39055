// What shares an object with a name: arguments, variables, results.
DefinitionBlock ("", "DSDT", 2, "APUS", "TEST", 1)
{
  Name (S0, "ab")
  Name (I0, 7)
  Name (B0, Buffer () {1, 2, 3, 4})
  Name (P0, Package () {1, 2})
  Method (M1, 1) { I0 = 9  Return (Arg0) }
  Method (M2, 1) { B0 = Buffer () {9,9,9,9}  Return (Arg0) }
  Method (M3, 1) { S0 = "other"  Return (Arg0) }
  Method (M4, 1) { P0 = Package () {7,8}  Return (Arg0) }
  Method (M5, 1) { CopyObject(Buffer () {5}, B0)  Return (Arg0) }
  Method (T000) { S0 = "abcdefgh"  S0 = "xy"  Return (SizeOf(S0)) }
  Method (T001) { Return (S0) }
  Method (T002) { Return (M1(I0)) }
  Method (T003) { Return (M2(B0)) }
  Method (T004) { Return (M3(S0)) }
  Method (T005) { Return (M4(P0)) }
  Method (T006) { Return (M5(B0)) }
  Method (T007) { Local0 = "abc"  Local0 = "d"  Return (Local0) }
  Method (T008) { Local0 = I0  I0 = 55  Return (Local0) }
  Method (T009) { Local0 = B0  B0 = Buffer () {55}  Return (Local0) }
  Method (SETS, 1) { Arg0 = "zz"  Return (Arg0) }
  Method (T010) { Local0 = "q" SETS(Local0)  Return (Local0) }
  Method (SETB, 1) { Arg0[0] = 0x41  Return (Arg0) }
  Method (T011) { Local0 = "q" SETB(Local0)  Return (Local0) }
  Method (T012) { SETB(S0)  Return (S0) }
  Method (T013) { Local0 = Package () {1,2} SETB(Local0)  Return (Local0) }
  Method (T014) { Return (SETB("const")) }
  Method (T015) { Local0 = Buffer () {1,2}  Local1 = RefOf(Local0) CreateByteField(DerefOf(Local1),0,FFF) FFF = 9  Return (Local0) }
  Method (T016) { Local0 = RefOf(B0)  Local1 = DerefOf(Local0) Local1[0] = 0x77  Return (B0) }
  Method (T017) { DerefOf(RefOf(B0))[0] = 0x78  Return (B0) }
  Method (RETB) { Return (B0) }
  Method (T019) { Local0 = ToBuffer(B0) Local0[0] = 1  Return (B0) }
  Method (T020) { ToBuffer(B0, Local0) Local0[0] = 2  Return (B0) }
}
