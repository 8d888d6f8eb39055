// Buffers and the fields that are made on them.
DefinitionBlock ("", "DSDT", 2, "APUS", "TEST", 1)
{
  Name (BUFA, Buffer (16) {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15})
  Name (BUFB, Buffer (4) {})
  CreateByteField (BUFA, 3, BYTA)
  CreateWordField (BUFA, 3, WRDA)
  CreateDWordField (BUFA, 3, DWDA)
  CreateQWordField (BUFA, 3, QWDA)
  CreateBitField (BUFA, 25, BITA)
  CreateField (BUFA, 5, 12, FLDA)
  CreateField (BUFA, 4, 100, FLDW)
  CreateField (BUFB, 0, 32, FLDB)
  Method (T000) { Return (BYTA) }
  Method (T001) { Return (WRDA) }
  Method (T002) { Return (DWDA) }
  Method (T003) { Return (QWDA) }
  Method (T004) { Return (BITA) }
  Method (T005) { Return (FLDA) }
  Method (T006) { Return (FLDW) }
  Method (T007) { WRDA = 0xABCD  Return (BUFA) }
  Method (T008) { BITA = 1  Return (BUFA) }
  Method (T009) { BITA = 2  Return (BUFA) }
  Method (T010) { FLDA = 0xFFFF  Return (BUFA) }
  Method (T011) { FLDA = 0  Return (BUFA) }
  Method (T012) { FLDW = Buffer () {0xFF, 0xFF}  Return (BUFA) }
  Method (T013) { FLDW = Ones  Return (BUFA) }
  Method (T014) { QWDA = 0x1122334455667788  Return (BUFA) }
  Method (T015) { QWDA = "string"  Return (BUFA) }
  Method (T016) { BYTA = Buffer () {0x99, 0x98}  Return (BUFA) }
  Method (T017) { BUFA = Buffer () {0xEE}  Return (BYTA) }
  Method (T018) { Return (BUFA) }
  Method (T019) { Return (SizeOf (BUFA)) }
  Method (T020) { Return (ObjectType (BYTA)) }
  Method (T021) { Return (ObjectType (FLDA)) }
  Method (T022) { Return (DWDA + 1) }
  Method (T023) { DWDA += 5  Return (DWDA) }
  Method (T024) { Increment (BYTA)  Return (BYTA) }
  Method (T025) { CreateByteField (BUFB, 4, OUTA)  Return (OUTA) }
  Method (T026) { CreateWordField (BUFB, 3, OUTB)  Return (OUTB) }
  Method (T027) { CreateField (BUFB, 0, 33, OUTC)  Return (OUTC) }
  Method (T028) { CreateField (BUFB, 0, 0, OUTD)  Return (OUTD) }
  Method (T029) { CreateBitField (BUFB, 32, OUTE)  Return (OUTE) }
  Method (T030) { CreateBitField (BUFB, 31, OUTF)  OUTF = 1  Return (BUFB) }
  Method (T031) { Local0 = Buffer (8) {}  CreateDWordField (Local0, 4, LOCF)  LOCF = 0x01020304  Return (Local0) }
  Method (T032) { Local0 = Buffer (8) {}  CreateDWordField (Local0, 4, LOCG)  LOCG = 7  Local0 = 1  Return (LOCG) }
  Method (T033) { Return (Buffer () {1, 2, 3}) }
  Method (T034) { Return (Buffer (2) {1, 2, 3}) }
  Method (T035) { Return (Buffer (5) {1, 2, 3}) }
  Method (T036) { Local0 = 6  Return (Buffer (Local0) {}) }
  Method (T037) { Return (Buffer (4) {"abc"}) }
  Method (T038) { Return (Buffer () {"abc"}) }
  Method (T039) { BUFB = 0x0102030405060708  Return (BUFB) }
  Method (T040) { BUFB = "x"  Return (BUFB) }
  Method (T041) { BUFB = Buffer () {1, 2, 3, 4, 5, 6}  Return (BUFB) }
  Method (T042) { FLDB = 0x55  Return (BUFB) }
  Method (T043) { Local0 = BUFB  Local0 [0] = 0x77  Return (BUFB) }
  Method (T044) { BUFB [1] = 0x1FF  Return (BUFB) }
  Method (T045) { BUFB [1] = "A"  Return (BUFB) }
  Method (T046) { BUFB [1] = Buffer () {0x42, 0x43}  Return (BUFB) }
  Method (T047) { BUFB [4] = 1  Return (BUFB) }
  Method (T048) { Return (DerefOf (BUFB [1])) }
  Method (T049) { Return (DerefOf (BUFB [4])) }
  Method (T050) { Local0 = RefOf (BUFB)  Return (DerefOf (Local0)) }
  Method (T051) { Local0 = RefOf (BYTA)  Return (DerefOf (Local0)) }
  Method (T052) { Return (Buffer () {1, 2} == Buffer () {1, 2}) }
  Method (T053) { Return (Buffer () {1, 2} + 1) }
  Method (T054) { Return (ToInteger (Buffer () {1, 2, 3, 4, 5, 6, 7, 8, 9})) }
  Method (T055) { Return (ToInteger (Buffer () {})) }
  Method (T056) { Name (TMPA, Buffer (3) {})  CreateField (TMPA, 3, 9, FLDT)  FLDT = 0x1FF  Return (TMPA) }
  Method (T057) { Name (TMPA, Buffer () {0xFF, 0xFF, 0xFF})  CreateField (TMPA, 3, 9, FLDT)  FLDT = 0  Return (TMPA) }
  Method (T058) { Name (TMPA, Buffer (20) {})  CreateField (TMPA, 7, 130, FLDT)  FLDT = BUFA  Return (TMPA) }
  Method (T059) { Name (TMPA, Buffer (20) {})  CreateField (TMPA, 7, 130, FLDT)  FLDT = BUFA  Return (FLDT) }
  Method (T060) { CreateByteField ("string", 1, STRF)  Return (STRF) }
  Method (T061) { Name (TMPA, Buffer (4) {1, 2, 3, 4})  CreateWordField (TMPA, 1, FLDT)  CopyObject (Buffer () {9, 9, 9, 9}, TMPA)  Return (FLDT) }
  Method (T062) { Name (TMPA, Buffer (4) {1, 2, 3, 4})  CreateWordField (TMPA, 1, FLDT)  TMPA = Buffer () {9, 9, 9, 9}  Return (FLDT) }
  Method (T063) { CopyObject (Buffer () {0x12, 0x34}, BYTA)  Return (BYTA) }
  Method (T064) { Return (Concatenate (BYTA, BYTA)) }
  Method (T065) { Return (SizeOf (FLDW)) }
}
