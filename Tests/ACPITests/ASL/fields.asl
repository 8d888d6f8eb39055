// Fields of operation regions. The memory is zero until a method writes it.
DefinitionBlock ("", "DSDT", 2, "APUS", "TEST", 1)
{
  OperationRegion (MEMA, SystemMemory, 0x200000, 0x40)
  Field (MEMA, ByteAcc, NoLock, Preserve) { B000, 8, B001, 8, W002, 16, D004, 32, Q008, 64, , 3, BITA, 1, BITB, 2, , 2, X017, 13, AFTR, 3 }
  Field (MEMA, DWordAcc, NoLock, Preserve) { DWD0, 32, DWDB, 5, DWDC, 40, DWDD, 19 }
  Field (MEMA, WordAcc, NoLock, WriteAsOnes) { Offset (0x20), ONEA, 4, , 4, ONEB, 8, ONEC, 20 }
  Field (MEMA, WordAcc, NoLock, WriteAsZeros) { Offset (0x28), ZERA, 4, , 4, ZERB, 8 }
  Field (MEMA, QWordAcc, NoLock, Preserve) { Offset (0x30), QWDA, 64, QWDB, 30 }
  Field (MEMA, AnyAcc, Lock, Preserve) { RAWA, 128 }
  Field (MEMA, ByteAcc, NoLock, Preserve) { Offset (0x20), RAWB, 64 }
  Field (MEMA, ByteAcc, NoLock, Preserve) { Offset (0x3F), LAST, 8 }
  Field (MEMA, ByteAcc, NoLock, Preserve) { Offset (0x3F), OVER, 16 }
  OperationRegion (PRTA, SystemIO, 0x400, 0x10)
  Field (PRTA, ByteAcc, NoLock, Preserve) { IDXA, 8, DATA, 8, P402, 16, BNKR, 8 }
  IndexField (IDXA, DATA, ByteAcc, NoLock, Preserve) { IFLA, 8, IFLB, 4, IFLC, 12, Offset (0x10), IFLD, 32 }
  Field (PRTA, DWordAcc, NoLock, Preserve) { Offset (8), P408, 32 }
  BankField (PRTA, BNKR, 3, ByteAcc, NoLock, Preserve) { Offset (0xC), BKFA, 8, BKFB, 16 }
  OperationRegion (EMBC, EmbeddedControl, 0, 0xFF)
  Field (EMBC, ByteAcc, NoLock, Preserve) { ECFA, 8 }
  Method (CLRA) { RAWA = Buffer (16) {}  RAWB = 0 }
  Method (T000) { Return (B000) }
  Method (T001) { D004 = 0x12345678  Return (D004) }
  Method (T002) { Return (RAWA) }
  Method (T003) { Q008 = 0x1122334455667788  Return (Q008) }
  Method (T004) { W002 = 0x1FFFF  Return (D004) }
  Method (T005) { Return (W002) }
  Method (T006) { BITA = 1  Return (BITA) }
  Method (T007) { BITB = 3  BITA = 0  Return (BITB) }
  Method (T008) { X017 = 0x1ABC  Return (X017) }
  Method (T009) { AFTR = 5  Return (X017) }
  Method (T010) { Return (RAWA) }
  Method (T011) { CLRA ()  DWDC = 0xFFFFFFFFFF  Return (RAWA) }
  Method (T012) { CLRA ()  DWDB = 0xFF  Return (RAWA) }
  Method (T013) { Return (DWDC) }
  Method (T014) { DWDC = 0x123456789A  Return (DWDC) }
  Method (T015) { CLRA ()  ONEA = 0  Return (RAWB) }
  Method (T016) { CLRA ()  ONEB = 0x5A  Return (RAWB) }
  Method (T017) { CLRA ()  ONEC = 0x12345  Return (RAWB) }
  Method (T018) { RAWB = Ones  ZERA = 0xF  Return (RAWB) }
  Method (T019) { ZERB = 0x77  Return (ZERB) }
  Method (T020) { QWDA = 0xFEDCBA9876543210  Return (QWDA) }
  Method (T021) { QWDB = 0x3FFFFFFF  Return (QWDB) }
  Method (T022) { LAST = 0x99  Return (LAST) }
  Method (T023) { Return (OVER) }
  Method (T024) { OVER = 1  Return (LAST) }
  Method (T025) { P402 = 0xBEEF  Return (P402) }
  Method (T026) { P408 = 0xCAFEBABE  Return (P408) }
  Method (T027) { IFLA = 0x12  Return (IDXA) }
  Method (T028) { Return (DATA) }
  Method (T029) { IFLD = 0x44332211  Return (IDXA) }
  Method (T030) { Return (DATA) }
  Method (T031) { Return (IFLD) }
  Method (T032) { BKFA = 0x31  Return (BNKR) }
  Method (T033) { BNKR = 0  Return (BKFA) }
  Method (T034) { Return (BNKR) }
  Method (T035) { BKFB = 0x7788  Return (BKFB) }
  Method (T036) { Return (ObjectType (B000)) }
  Method (T037) { Return (ObjectType (MEMA)) }
  Method (T038) { Return (SizeOf (B000)) }
  Method (T039) { RAWA = "a string in a field"  Return (RAWA) }
  Method (T040) { RAWA = 0x0102030405060708  Return (RAWA) }
  Method (T041) { RAWA = Buffer () {1, 2, 3}  Return (RAWA) }
  Method (T042) { B000 = "A"  Return (B000) }
  Method (T043) { B000 = Buffer () {0x42, 0x43}  Return (B000) }
  Method (T044) { B000 = 5  B000++  Return (B000) }
  Method (T045) { B000 = 0xFF  B000++  Return (B000) }
  Method (T046) { Local0 = B000  B000 = 9  Return (Local0) }
  Method (T047) { Local0 = RefOf (B000)  Return (ObjectType (Local0)) }
  Method (T048) { Local0 = RefOf (B000)  Return (DerefOf (Local0)) }
  Method (SETA, 1) { Arg0 = 0x21 }
  Method (T049) { SETA (RefOf (B000))  Return (B000) }
  Method (T050) { SETA (B000)  Return (B000) }
  Method (T051) { CopyObject (0x66, B000)  Return (B000) }
  Method (T052) { Return (LAST) }
  Method (T053) { B000 = 1  B001 = 2  W002 = 3  Return (Concatenate (RAWA, "")) }
  Method (T054) { Return (B000 + B001 + W002) }
  Method (T055) { OperationRegion (DYNA, SystemMemory, 0x300000, 8)  Field (DYNA, ByteAcc, NoLock, Preserve) { DYNF, 32 }  DYNF = 0x77  Return (DYNF) }
  Method (T056) { Local0 = 0x300000  OperationRegion (DYNA, SystemMemory, Local0, Local0 - 0x2FFFF8)  Field (DYNA, ByteAcc, NoLock, Preserve) { DYNF, 32 }  DYNF = 0x78  Return (DYNF) }
  Method (T057) { ToBuffer (D004, RAWA)  Return (RAWA) }
  Method (T058) { Add (1, 2, W002)  Return (W002) }
  Method (T059) { W002 = 0xF00F  W002 |= 0x0FF0  Return (W002) }
}
