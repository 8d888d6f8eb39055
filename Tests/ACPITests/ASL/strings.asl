// Strings: Mid, SizeOf, ToString, Index, and what converts to and from them.
DefinitionBlock ("", "DSDT", 2, "APUS", "TEST", 1)
{
  Name (STRA, "Hello, world")
  Name (STRE, "")
  Name (BUFA, Buffer () {0x41, 0x42, 0x43, 0, 0x44})
  Method (T000) { Return (SizeOf (STRA)) }
  Method (T001) { Return (SizeOf (STRE)) }
  Method (T002) { Return (Mid (STRA, 0, 5)) }
  Method (T003) { Return (Mid (STRA, 7, 100)) }
  Method (T004) { Return (Mid (STRA, 12, 1)) }
  Method (T005) { Return (Mid (STRA, 100, 1)) }
  Method (T006) { Return (Mid (STRA, 3, 0)) }
  Method (T007) { Return (Mid (BUFA, 1, 2)) }
  Method (T008) { Return (Mid (BUFA, 5, 2)) }
  Method (T009) { Return (Mid (BUFA, Ones, Ones)) }
  Method (T010) { Return (Mid (0x123456, 0, 3)) }
  Method (T011) { Mid (STRA, 0, 5, Local0)  Return (Local0) }
  Method (T012) { Mid (STRA, 0, 4, STRE)  Return (STRE) }
  Method (T013) { Return (STRE) }
  Method (T014) { Return (ToString (BUFA)) }
  Method (T015) { Return (ToString (BUFA, 2)) }
  Method (T016) { Return (ToString (BUFA, 0)) }
  Method (T017) { Return (ToString (BUFA, Ones)) }
  Method (T018) { Return (ToString (Buffer () {0x41, 0x42}, 10)) }
  Method (T019) { Return (ToString (Buffer () {0}, 10)) }
  Method (T020) { Return (ToString (0x4443424140, 10)) }
  Method (T021) { Local0 = "abc"  Return (ToString (Local0, 2)) }
  Method (T022) { Return (DerefOf (Index (STRA, 4))) }
  Method (T023) { Return (DerefOf (STRA [0])) }
  Method (T024) { Local0 = "abcdef"  Local0 [1] = 0x58  Return (Local0) }
  Method (T025) { Local0 = "abcdef"  Index (Local0, 6) = 0x58  Return (Local0) }
  Method (T026) { Local0 = "abcdef"  Return (DerefOf (Local0 [6])) }
  Method (T027) { Name (STRB, "abcdef")  STRB [2] = "Z"  Return (STRB) }
  Method (T028) { Return (Concatenate ("", "")) }
  Method (T029) { Return (Concatenate (STRA, Concatenate ("a", "b"))) }
  Method (T030) { Concatenate ("12", "34", Local0)  Return (Local0 + 1) }
  Method (T031) { Name (STRC, "short")  STRC = "something much longer than before"  Return (STRC) }
  Method (T032) { Name (STRC, "something long")  STRC = "x"  Return (SizeOf (STRC)) }
  Method (T033) { Return (ToInteger ("4294967296")) }
  Method (T034) { Return (ToInteger ("18446744073709551615")) }
  Method (T035) { Return (ToInteger ("18446744073709551616")) }
  Method (T036) { Return (ToInteger ("0xfedcba9876543210")) }
  Method (T037) { Return (ToInteger ("0XAB")) }
  Method (T038) { Return (ToInteger ("  42")) }
  Method (T039) { Return (ToInteger ("42abc")) }
  Method (T040) { Return (ToInteger ("-1")) }
  Method (T041) { Return (ToInteger ("0x")) }
  Method (T042) { Return (ToInteger ("007")) }
  Method (T043) { Return ("0x" + 1) }
  Method (T044) { Return ("FFFFFFFFFFFFFFFF" + 0) }
  Method (T045) { Return ("0000000000000000000000001" + 0) }
  Method (T046) { Return ("1 2" + 0) }
  Method (T047) { Return ("g" + 1) }
  Method (T048) { Return ("0xg" + 1) }
  Method (T049) { Return ("10000000000000000" + 0) }
  Method (T050) { Return (ToHexString ("plain")) }
  Method (T051) { Return (ToDecimalString ("plain")) }
  Method (T052) { Return (ToHexString (Buffer () {})) }
  Method (T053) { Return (ToDecimalString (Buffer () {})) }
  Method (T054) { Return (ToDecimalString (0)) }
  Method (T055) { Return (ToDecimalString (18446744073709551615)) }
  Method (T056) { Return (ToDecimalString (Buffer () {0, 9, 10, 99, 100, 255})) }
  Method (T057) { Return (ToHexString (0)) }
  Method (T058) { Return (ToHexString (Buffer () {0xAB})) }
  Method (T059) { Return (ToBuffer ("")) }
  Method (T060) { Return (ToBuffer ("A")) }
  Method (T061) { Return (ToBuffer (0x1234)) }
  Method (T062) { Return (ToUUID ("00112233-4455-6677-8899-aabbccddeeff")) }
  Method (T063) { Return (EISAID ("PNP0A08")) }
  Method (T064) { Return (Unicode ("abc")) }
  Method (T065) { Return ("tab quote\x21") }
  Method (T066) { Local0 = STRA  Local0 [0] = 0x4A  Return (STRA) }
  Method (T067) { Local0 = ToBuffer (STRA)  Return (SizeOf (Local0)) }
  Method (T068) { Return (ToInteger ("\t12")) }
  Method (T069) { Return (LEqual (STRA, "Hello, world")) }
}
