// Integers of 64 bits.
DefinitionBlock ("", "DSDT", 2, "APUS", "TEST", 1)
{
  Name (INTA, 1)
  Name (STRA, "")
  Name (STRB, "")
  Name (BUFA, Buffer () {5, 0, 0, 0, 1, 0, 0, 0})
  Name (GLOB, 1)
  Method (INCA) { Return (3) }
  Method (CHGL) { GLOB = 50  Return (1) }
  Method (CHLO, 1) { Arg0 = 70  Return (1) }
  Method (T000) { Local0 = 0xFFFFFFFFFFFFFFFF
    Local1 = 2
    Return (Add (Local0, Local1)) }
  Method (T001) { Local0 = 0x123456789ABCDEF0
    Local1 = 0x0FEDCBA987654321
    Return (Add (Local0, Local1)) }
  Method (T002) { Local0 = 5
    Local1 = 63
    Return (Add (Local0, Local1)) }
  Method (T003) { Local0 = 0xFFFFFFFFFFFFFFFF
    Local1 = 2
    Return (Subtract (Local0, Local1)) }
  Method (T004) { Local0 = 0x123456789ABCDEF0
    Local1 = 0x0FEDCBA987654321
    Return (Subtract (Local0, Local1)) }
  Method (T005) { Local0 = 5
    Local1 = 63
    Return (Subtract (Local0, Local1)) }
  Method (T006) { Local0 = 0xFFFFFFFFFFFFFFFF
    Local1 = 2
    Return (Multiply (Local0, Local1)) }
  Method (T007) { Local0 = 0x123456789ABCDEF0
    Local1 = 0x0FEDCBA987654321
    Return (Multiply (Local0, Local1)) }
  Method (T008) { Local0 = 5
    Local1 = 63
    Return (Multiply (Local0, Local1)) }
  Method (T009) { Local0 = 0xFFFFFFFFFFFFFFFF
    Local1 = 2
    Return (And (Local0, Local1)) }
  Method (T010) { Local0 = 0x123456789ABCDEF0
    Local1 = 0x0FEDCBA987654321
    Return (And (Local0, Local1)) }
  Method (T011) { Local0 = 5
    Local1 = 63
    Return (And (Local0, Local1)) }
  Method (T012) { Local0 = 0xFFFFFFFFFFFFFFFF
    Local1 = 2
    Return (Or (Local0, Local1)) }
  Method (T013) { Local0 = 0x123456789ABCDEF0
    Local1 = 0x0FEDCBA987654321
    Return (Or (Local0, Local1)) }
  Method (T014) { Local0 = 5
    Local1 = 63
    Return (Or (Local0, Local1)) }
  Method (T015) { Local0 = 0xFFFFFFFFFFFFFFFF
    Local1 = 2
    Return (XOr (Local0, Local1)) }
  Method (T016) { Local0 = 0x123456789ABCDEF0
    Local1 = 0x0FEDCBA987654321
    Return (XOr (Local0, Local1)) }
  Method (T017) { Local0 = 5
    Local1 = 63
    Return (XOr (Local0, Local1)) }
  Method (T018) { Local0 = 0xFFFFFFFFFFFFFFFF
    Local1 = 2
    Return (NAnd (Local0, Local1)) }
  Method (T019) { Local0 = 0x123456789ABCDEF0
    Local1 = 0x0FEDCBA987654321
    Return (NAnd (Local0, Local1)) }
  Method (T020) { Local0 = 5
    Local1 = 63
    Return (NAnd (Local0, Local1)) }
  Method (T021) { Local0 = 0xFFFFFFFFFFFFFFFF
    Local1 = 2
    Return (NOr (Local0, Local1)) }
  Method (T022) { Local0 = 0x123456789ABCDEF0
    Local1 = 0x0FEDCBA987654321
    Return (NOr (Local0, Local1)) }
  Method (T023) { Local0 = 5
    Local1 = 63
    Return (NOr (Local0, Local1)) }
  Method (T024) { Local0 = 0xFFFFFFFFFFFFFFFF
    Local1 = 2
    Return (ShiftLeft (Local0, Local1)) }
  Method (T025) { Local0 = 0x123456789ABCDEF0
    Local1 = 0x0FEDCBA987654321
    Return (ShiftLeft (Local0, Local1)) }
  Method (T026) { Local0 = 5
    Local1 = 63
    Return (ShiftLeft (Local0, Local1)) }
  Method (T027) { Local0 = 0xFFFFFFFFFFFFFFFF
    Local1 = 2
    Return (ShiftRight (Local0, Local1)) }
  Method (T028) { Local0 = 0x123456789ABCDEF0
    Local1 = 0x0FEDCBA987654321
    Return (ShiftRight (Local0, Local1)) }
  Method (T029) { Local0 = 5
    Local1 = 63
    Return (ShiftRight (Local0, Local1)) }
  Method (T030) { Local0 = 0xFFFFFFFFFFFFFFFF
    Local1 = 2
    Return (Mod (Local0, Local1)) }
  Method (T031) { Local0 = 0x123456789ABCDEF0
    Local1 = 0x0FEDCBA987654321
    Return (Mod (Local0, Local1)) }
  Method (T032) { Local0 = 5
    Local1 = 63
    Return (Mod (Local0, Local1)) }
  Method (T033) { Divide (100, 7, Local0, Local1)
    Name (RES, Package (2) {})
    RES [0] = Local0
    RES [1] = Local1
    Return (RES) }
  Method (T034) { Divide (0xFFFFFFFFFFFFFFFF, 0x100000001, Local0, Local1)
    Name (RES, Package (2) {})
    RES [0] = Local0
    RES [1] = Local1
    Return (RES) }
  Method (T035) { Divide (3, 5, Local0, Local1)
    Name (RES, Package (2) {})
    RES [0] = Local0
    RES [1] = Local1
    Return (RES) }
  Method (T036) { Return (Divide (20, 3)) }
  Method (T037) { Return (Divide (1, 0)) }
  Method (T038) { Return (Mod (1, 0)) }
  Method (T039) { Return (Not (0)) }
  Method (T040) { Return (Not (0x123456789)) }
  Method (T041) { Return (FindSetLeftBit (0x00F0)) }
  Method (T042) { Return (FindSetLeftBit (0)) }
  Method (T043) { Return (FindSetLeftBit (0x8000000000000000)) }
  Method (T044) { Return (FindSetRightBit (0x00F0)) }
  Method (T045) { Return (FindSetRightBit (0)) }
  Method (T046) { Return (FindSetRightBit (0x100000000)) }
  Method (T047) { Return (ToBCD (1234)) }
  Method (T048) { Return (ToBCD (0)) }
  Method (T049) { Return (ToBCD (99999999)) }
  Method (T050) { Return (ToBCD (9999999999999999)) }
  Method (T051) { Return (ToBCD (10000000000000000)) }
  Method (T052) { Return (FromBCD (0x1234)) }
  Method (T053) { Return (FromBCD (0x99999999)) }
  Method (T054) { Return (FromBCD (0x9999999999999999)) }
  Method (T055) { Return (FromBCD (0xA)) }
  Method (T056) { Return (FromBCD (0x100000000)) }
  Method (T057) { Return (Increment (Local0)) }
  Method (T058) { Return (ShiftLeft (1, 31)) }
  Method (T059) { Return (ShiftLeft (1, 32)) }
  Method (T060) { Return (ShiftLeft (1, 63)) }
  Method (T061) { Return (ShiftLeft (1, 64)) }
  Method (T062) { Return (ShiftRight (0x8000000000000000, 63)) }
  Method (T063) { Return (ShiftRight (1, 0x100000001)) }
  Method (T064) { Return (Ones) }
  Method (T065) { Return (Zero) }
  Method (T066) { Return (One) }
  Method (T067) { Return (Subtract (0, 1)) }
  Method (T068) { Return (Add (Ones, One)) }
  Method (T069) { Return (0xFFFFFFFF + 1) }
  Method (T070) { Return (0x100000000) }
  Method (T071) { Return (Multiply (0x10000, 0x10000)) }
  Method (T072) { Return (SizeOf (INTA)) }
  Method (T073) { Local0 = 5
    Increment (Local0)
    Return (Local0) }
  Method (T074) { Local0 = 0
    Decrement (Local0)
    Return (Local0) }
  Method (T075) { Local0 = 0xFFFFFFFF
    Return (Increment (Local0)) }
  Method (T076) { INTA = 7
    Increment (INTA)
    Return (INTA) }
  Method (T077) { Add (1, 2, INTA)
    Return (INTA) }
  Method (T078) { Add (1, 2, STRA)
    Return (STRA) }
  Method (T079) { STRA = "zz"
    Add (1, 2, STRA)
    Return (ObjectType (STRA)) }
  Method (T080) { Local0 = "12"
    Increment (Local0)
    Return (Local0) }
  Method (T081) { STRB = "ff"
    Return (Increment (STRB)) }
  Method (T082) { Return (STRB) }
  Method (T083) { Decrement (BUFA)
    Return (BUFA) }
  Method (T084) { Return (INTA += 5) }
  Method (T085) { Return (INTA <<= 2) }
  Method (T086) { Return (INTA) }
  Method (T087) { Local0 = 1
    Local1 = Local0++
    Return (Local0) }
  Method (T088) { Local0 = 10
    Return (Local0 + INCA ()) }
  Method (T089) { GLOB = 1
    Return (Add (GLOB, CHGL ())) }
  Method (T090) { Local0 = 1
    Return (Add (Local0, CHLO (RefOf (Local0)))) }
  Method (T091) { Store (Add (Local0, 1), Local1)
    Return (Local1) }
}
