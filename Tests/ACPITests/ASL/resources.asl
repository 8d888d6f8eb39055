// Resource templates: what iasl makes of the macros, ConcatenateResTemplate, and fields of templates.
DefinitionBlock ("", "DSDT", 2, "APUS", "TEST", 1)
{
  Name (CRSA, ResourceTemplate () {
    IRQ (Level, ActiveLow, Shared) {5, 10, 11}
    IRQNoFlags () {3}
    DMA (Compatibility, NotBusMaster, Transfer8) {2}
    IO (Decode16, 0x03F8, 0x03F8, 0x01, 0x08)
    FixedIO (0x0060, 0x01)
    Memory24 (ReadWrite, 0x0A00, 0x0B00, 0x10, 0x100)
    Memory32 (ReadOnly, 0xF0000000, 0xF1000000, 0x1000, 0x2000)
    Memory32Fixed (ReadWrite, 0xFED00000, 0x400, FIXM)
    Interrupt (ResourceConsumer, Level, ActiveHigh, Exclusive, , , INTR) {16, 17}
  })
  Name (CRSB, ResourceTemplate () {
    WordBusNumber (ResourceProducer, MinFixed, MaxFixed, PosDecode, 0, 0, 0xFF, 0, 0x100)
    WordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange, 0, 0x0D00, 0xFFFF, 0, 0xF300)
    DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, Cacheable, ReadWrite, 0, 0xE0000000, 0xFEBFFFFF, 0, 0x1EC00000, , , DWMA)
    QWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, Prefetchable, ReadWrite, 0, 0x800000000, 0xFFFFFFFFF, 0, 0x800000000, , , QWMA)
    DWordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange, 0, 0, 0xCF7, 0, 0xCF8)
    ExtendedMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, Cacheable, ReadWrite, 0, 0x1000, 0x1FFF, 0, 0x1000)
    StartDependentFn (0, 0) { IRQNoFlags () {4} }
    StartDependentFnNoPri () { IRQNoFlags () {6} }
    EndDependentFn ()
    VendorShort () {1, 2, 3}
    VendorLong () {1, 2, 3, 4, 5, 6, 7, 8, 9}
    Register (SystemIO, 8, 0, 0x1234)
    GpioInt (Edge, ActiveHigh, Exclusive, PullDefault, 0, "\\_SB") {7}
  })
  Name (EMPT, ResourceTemplate () {})
  CreateDWordField (CRSA, FIXM._BAS, FBAS)
  CreateDWordField (CRSB, DWMA._MIN, DMIN)
  CreateQWordField (CRSB, QWMA._MAX, QMAX)
  CreateDWordField (CRSA, INTR._INT, INTN)
  Method (T000) { Return (CRSA) }
  Method (T001) { Return (CRSB) }
  Method (T002) { Return (EMPT) }
  Method (T003) { Return (ConcatenateResTemplate (CRSA, CRSB)) }
  Method (T004) { Return (ConcatenateResTemplate (EMPT, EMPT)) }
  Method (T005) { Return (ConcatenateResTemplate (CRSA, EMPT)) }
  Method (T006) { Return (ConcatenateResTemplate (CRSA, Buffer () {})) }
  Method (T007) { Return (ConcatenateResTemplate (Buffer () {1, 2, 3}, CRSA)) }
  Method (T008) { FBAS = 0xFEC00000  Return (CRSA) }
  Method (T009) { Return (DMIN) }
  Method (T010) { QMAX = 0xAAAABBBBCCCC  Return (CRSB) }
  Method (T011) { INTN = 20  Return (INTN) }
  Method (T012) { ConcatenateResTemplate (EMPT, CRSB, Local0)  Return (SizeOf (Local0)) }
  Method (T013) { Name (BUFA, Buffer (3) {})  ConcatenateResTemplate (EMPT, CRSB, BUFA)  Return (BUFA) }
  Method (T014) { Return (SizeOf (CRSA)) }
  Method (T015) { Return (ConcatenateResTemplate (Buffer () {0x79}, Buffer () {0x79})) }
  Method (T016) { Return (ConcatenateResTemplate (Buffer () {0x2A, 0x04}, CRSA)) }
  Method (T017) { Return (ConcatenateResTemplate (Buffer () {0x00}, CRSA)) }
}
