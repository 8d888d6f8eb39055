import DeviceModels
import Foundations
import Testing

/// The engine, by way of real specs whose rules it has to keep.
@Suite("DeviceModel")
struct DeviceModelTests {
  @Test("Every register of every spec has its reset value, before and after a reset", arguments: Device.allCases)
  func reset(device: Device) throws {
    let spec = try SpecTable(file: device.cases.file)
    let model = DeviceModel(device.layout)
    #expect(device.layout.registers.map(\.name) == spec.registers.map(\.name))
    for (number, register) in spec.registers.enumerated() {
      for index in 0..<register.count {
        #expect(model[RegisterKey(number), index] == register.reset ?? 0)
        model[RegisterKey(number), index] = .max
        #expect(model[RegisterKey(number), index] == register.all)
      }
    }
    model.reset()
    for (number, register) in spec.registers.enumerated() { #expect(model[RegisterKey(number)] == register.reset ?? 0) }
  }

  @Test("Whatever `modify` is told to write, the model has no violation to note", arguments: Device.allCases)
  func modifyingKeepsTheRules(device: Device) throws {
    let cases = device.cases
    let spec = try SpecTable(file: cases.file)
    for accessor in cases.accessors {
      guard let modify = accessor.modify else { continue }
      let register = try #require(spec.register(accessor.register))
      for bits in AccessorTests.samples(width: register.width) {
        // The accessors run on a probe, and what they write is shown to a model that has just been reset, as the probe's zeros are.
        let probe = Probe()
        modify(probe, 0) { _ in bits }
        let model = DeviceModel(device.layout)
        if let number = spec.registers.firstIndex(where: { $0.name == register.name }) {
          model[RegisterKey(number)] = 0
        }
        for access in probe.accesses {
          guard case .write(let address, let width, let value) = access else { continue }
          if accessor.isVariant || spec.kind == "msr" {
            model.write(value, to: UInt32(address))
          } else {
            model.write(value, at: Int(address), width: width)
          }
        }
        #expect(model.violations == [], "\(register.name)")
      }
    }
  }

  @Test("A bank hides what is behind it, and shows it when chosen")
  func banks() {
    typealias UART = UART16550Model
    let model = DeviceModel(UART.layout)
    model.write8(0x41, at: 0)
    #expect(model[UART.transmitterHolding] == 0x41 && model[UART.divisorLow] == 0)
    model.write8(0x80, at: 3)
    model.write8(0x42, at: 0)
    #expect(model[UART.transmitterHolding] == 0x41 && model[UART.divisorLow] == 0x42)
    #expect(model.read8(at: 0) == 0x42)
    #expect(model.violations == [])
  }

  @Test("Reading clears what reading clears, once it was seen")
  func clearOnRead() {
    typealias UART = UART16550Model
    let model = DeviceModel(UART.layout)
    model[UART.LineStatus.overrunError] = 1
    model[UART.LineStatus.dataReady] = 1
    #expect(model.read8(at: 5) == 0x63)
    #expect(model.read8(at: 5) == 0x61)
  }

  @Test("Ones clear what ones clear, and zeros leave it")
  func clearByOnes() {
    let model = DeviceModel(HPETModel.layout)
    model[HPETModel.InterruptStatus.timers] = 0b1011
    model.write64(0b0001, at: 0x20)
    #expect(model[HPETModel.interruptStatus] == 0b1010)
    model.write64(0, at: 0x20)
    #expect(model[HPETModel.interruptStatus] == 0b1010)
    #expect(model.violations == [])
  }

  @Test("Any write clears what any write clears")
  func clearByWriting() {
    let model = DeviceModel(LocalAPICModel.layout)
    model[LocalAPICModel.ErrorStatus.sendIllegalVector] = 1
    model.write32(0, at: 0x280)
    #expect(model[LocalAPICModel.errorStatus] == 0)
  }

  @Test("A write to what can only be read is ignored and noted")
  func readOnly() {
    let model = DeviceModel(UART16550Model.layout)
    model.write8(0, at: 5)
    #expect(model.read8(at: 5) == 0x60)
    #expect(model.violations == [.writeToReadOnly("lineStatus")])
  }

  @Test("Fields that can only be read keep their value when the register is written")
  func readOnlyFields() {
    let model = DeviceModel(SystemControlModel.layout)
    model[SystemControlModel.Status.counter2Output] = 1
    model.write8(0x01, at: 0)
    #expect(model[SystemControlModel.status] == 0x21)
    #expect(model.violations == [])
  }

  @Test("A read of what can only be written gives all ones and is noted")
  func writeOnly() {
    let model = DeviceModel(PIT8254Model.layout)
    #expect(model.read8(at: 3) == 0xff)
    #expect(
      model.violations == [.readOfWriteOnly("readBackCommand")] || model.violations == [.readOfWriteOnly("control")])
  }

  @Test("Reserved bits that are written otherwise than demanded are noted, with the bits")
  func reservedBits() {
    let port = DeviceModel(UART16550Model.layout)
    port.write8(0xf1, at: 1)
    #expect(port.violations == [.reservedBits("interruptEnable", bits: 0xf0)])
    #expect(port[UART16550Model.interruptEnable] == 1)
    let timer = DeviceModel(HPETModel.layout)
    timer[HPETModel.configuration] = 0xff00
    timer.write64(0x0001, at: 0x10)
    #expect(timer.violations == [.reservedBits("configuration", bits: 0xff00)])
    let apic = DeviceModel(LocalAPICModel.layout)
    apic.write32(0xf000_0000, at: 0xe0)
    #expect(apic.violations == [.reservedBits("destinationFormat", bits: 0x0fff_ffff)])
  }

  @Test("An address without a register gives all ones and is noted; so does the wrong width")
  func nothingThere() {
    let model = DeviceModel(HPETModel.layout)
    #expect(model.read64(at: 0x18) == .max)
    #expect(model.read32(at: 0x10) == .max)
    model.write8(0, at: 0x3ff)
    #expect(
      model.violations == [
        .noRegister(address: 0x18, width: 64), .noRegister(address: 0x10, width: 32),
        .noRegister(address: 0x3ff, width: 8),
      ])
  }

  @Test("A device that is gone reads as all ones and takes nothing")
  func gone() {
    let model = DeviceModel(UART16550Model.layout)
    model.isGone = true
    model.write8(0x5a, at: 7)
    #expect(model.read8(at: 7) == 0xff)
    model.isGone = false
    #expect(model.read8(at: 7) == 0)
    #expect(model.accessCount == 3)
  }

  @Test("Initialization words of the 8259 go where their order says", arguments: [true, false], [true, false])
  func sequence(isSingle: Bool, needsCommand4: Bool) {
    typealias PIC = PIC8259Model
    let model = DeviceModel(PIC.layout)
    model.write8(0x10 | (isSingle ? 2 : 0) | (needsCommand4 ? 1 : 0), at: 0)
    model.write8(0x20, at: 1)
    if !isSingle { model.write8(0x04, at: 1) }
    if needsCommand4 { model.write8(0x01, at: 1) }
    model.write8(0xfb, at: 1)
    #expect(model[PIC.InitializationCommand2.vectorBase] == 4)
    #expect(model[PIC.initializationCommand3] == (isSingle ? 0 : 4))
    #expect(model[PIC.initializationCommand4] == (needsCommand4 ? 1 : 0))
    #expect(model[PIC.interruptMask] == 0xfb)
    model.write8(0x20, at: 0)
    #expect(model[PIC.OperationCommand2.command] == 1)
    model[PIC.interruptRequest] = 0x11
    model[PIC.inService] = 0x22
    model.write8(0x0a, at: 0)
    #expect(model.read8(at: 0) == 0x11)
    model.write8(0x0b, at: 0)
    #expect(model.read8(at: 0) == 0x22)
    #expect(model.violations == [])
  }

  @Test("Commands of the 8254 that share a port are told apart")
  func commands() {
    typealias PIT = PIT8254Model
    let model = DeviceModel(PIT.layout)
    model.write8(0xb0, at: 3)
    #expect(model[PIT.Control.counter] == 2 && model[PIT.latchCommand] == 0)
    model.write8(0x80, at: 3)
    #expect(model[PIT.LatchCommand.counter] == 2)
    model.write8(0xe8, at: 3)
    #expect(model[PIT.ReadBackCommand.counter2] == 1)
    model[PIT.counterStatus, 2] = 0xf6
    model.present(PIT.counterStatus)
    #expect(model.read8(at: 2) == 0xf6)
    #expect(model.read8(at: 2) == 0)
  }

  @Test("Registers behind an index are reached through it, in halves where the window is narrower")
  func indexed() {
    typealias APIC = IOAPICModel
    let model = DeviceModel(APIC.layout)
    let registers = IOAPICRegisters(model)
    var entry = IOAPIC.Redirection()
    entry.vector = 0x31
    entry.destination = 3
    registers.writeRedirection(entry, at: 5)
    #expect(model[APIC.redirection, 5] == 0x0300_0000_0000_0031 | entry.rawValue & 0x10000)
    #expect(registers.redirection(at: 5) == entry)
    #expect(registers.redirection(at: 4).isMasked)
    #expect(model.violations == [])
  }

  @Test("A missing model-specific register is noted; a present one keeps its rules")
  func modelSpecific() {
    let model = DeviceModel(ModelSpecificModel.layout)
    #expect(model.read(0x12345) == 0)
    model.write(1, to: 0xfe)
    #expect(model.violations == [.noRegister(address: 0x12345, width: 64), .writeToReadOnly("rangeCapabilities")])
    let registers = ModelSpecificRegisters(model)
    registers.timeStampDeadline = 77
    #expect(model[ModelSpecificModel.timeStampDeadline] == 77)
    registers.modifyBankStatusSample(at: 31)
    #expect(model[ModelSpecificModel.bankStatus, 31] == 0)
  }

  @Test("Stuck bits show whatever is written, until they are healed")
  func stuck() {
    let model = DeviceModel(UART16550Model.layout)
    model.stick(UART16550Model.scratch, mask: 0x81, at: 0x01)
    model.write8(0xf0, at: 7)
    #expect(model.read8(at: 7) == 0x71)
    model.heal()
    #expect(model.read8(at: 7) == 0xf0)
  }
}

extension ModelSpecificRegisters where Space: ~Copyable {
  /// Clears the status of a bank as a machine-check handler does.
  fileprivate func modifyBankStatusSample(at index: Int) {
    writeBankStatus(ModelSpecific.BankStatus(rawValue: 0), at: index)
  }
}

extension DeviceModel {
  /// Writes with a width that is known at run time.
  fileprivate func write(_ value: UInt64, at offset: Int, width: Int) {
    switch width {
    case 8: write8(UInt8(truncatingIfNeeded: value), at: offset)
    case 16: write16(UInt16(truncatingIfNeeded: value), at: offset)
    case 32: write32(UInt32(truncatingIfNeeded: value), at: offset)
    default: write64(value, at: offset)
    }
  }
}

extension Device {
  /// The rules that a model of it runs on.
  var layout: DeviceLayout {
    switch self {
    case .serialPort: UART16550Model.layout
    case .intervalTimer: PIT8254Model.layout
    case .systemControl: SystemControlModel.layout
    case .interruptController: PIC8259Model.layout
    case .edgeLevelControl: EdgeLevelControlModel.layout
    case .clock: RealTimeClockModel.layout
    case .eventTimer: HPETModel.layout
    case .ioAPIC: IOAPICModel.layout
    case .localAPIC: LocalAPICModel.layout
    case .keyboardController: I8042Model.layout
    case .watchdog: I6300ESBModel.layout
    case .watchdogConfiguration: I6300ESBConfigurationModel.layout
    case .panicDevice: PanicDeviceModel.layout
    case .modelSpecific: ModelSpecificModel.layout
    case .identification: CPUIDModel.layout
    }
  }
}
