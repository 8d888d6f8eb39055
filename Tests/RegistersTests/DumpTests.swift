import DeviceModels
import Foundations
import TestSupport
import Testing

@Suite("Dumps")
struct DumpTests {
  /// Keeps what is written.
  struct Page: TextSink {
    var bytes: [UInt8] = []
    var text: String { String(decoding: bytes, as: UTF8.self) }
    var lines: [String] { text.split(separator: "\n").map(String.init) }
    mutating func write(_ span: Span<UInt8>) { for index in span.indices { bytes.append(span[index]) } }
  }

  @Test("A serial port's dump names registers, flags and values")
  func serialPort() {
    let model = DeviceModel(UART16550Model.layout)
    model[UART16550Model.lineControl] = 0x1b
    model[UART16550Model.interruptEnable] = 0x5
    model[UART16550Model.scratch] = 0xa5
    var page = Page()
    UART16550Registers(model).dump(into: &page)
    #expect(
      page.text == """
        interruptEnable = 0x05 receivedData lineStatus
        lineControl = 0x1b wordLength=eight parity=even
        modemControl = 0x00
        scratch = 0xa5

        """)
  }

  @Test("What a bank hides is left out, and what it shows is there")
  func banks() {
    let model = DeviceModel(UART16550Model.layout)
    model[UART16550Model.LineControl.divisorLatchAccess] = 1
    model[UART16550Model.divisorLow] = 12
    var page = Page()
    UART16550Registers(model).dump(into: &page)
    #expect(page.lines.contains("divisorLow = 0x0c"))
    #expect(!page.text.contains("interruptEnable"))
  }

  @Test("A value without a name is called reserved, and wide fields are in hexadecimal")
  func values() {
    let model = DeviceModel(LocalAPICModel.layout)
    model[LocalAPICModel.timerDivide] = 0x4
    model[LocalAPICModel.version] = 0x0005_0014
    var page = Page()
    LocalAPICRegisters(model).dump(into: &page)
    #expect(page.lines.contains("timerDivide = 0x00000004 divisor=reserved"))
    #expect(page.lines.contains("version = 0x00050014 version=0x14 lastVectorEntry=0x5"))
    #expect(page.lines.contains("interruptRequest[7] = 0x00000000"))
  }

  /// Dumps the model of `device` and gives the page.
  static func dump(_ device: Device, _ model: DeviceModel) -> Page {
    var page = Page()
    switch device {
    case .serialPort: UART16550Registers(model).dump(into: &page)
    case .intervalTimer: PIT8254Registers(model).dump(into: &page)
    case .systemControl: SystemControlRegisters(model).dump(into: &page)
    case .interruptController: PIC8259Registers(model).dump(into: &page)
    case .edgeLevelControl: EdgeLevelControlRegisters(model).dump(into: &page)
    case .clock: RealTimeClockRegisters(model).dump(into: &page)
    case .eventTimer: HPETRegisters(model).dump(into: &page)
    case .ioAPIC: IOAPICRegisters(model).dump(into: &page)
    case .localAPIC: LocalAPICRegisters(model).dump(into: &page)
    case .keyboardController: I8042Registers(model).dump(into: &page)
    case .watchdog: I6300ESBRegisters(model).dump(into: &page)
    case .watchdogConfiguration: I6300ESBConfigurationRegisters(model).dump(into: &page)
    case .panicDevice: PanicDeviceRegisters(model).dump(into: &page)
    case .modelSpecific: ModelSpecificRegisters(model).dump(into: &page) { _ in true }
    case .identification: CPUIDRegisters(model).dump(into: &page)
    }
    return page
  }

  @Test("A dump breaks no rule and changes nothing", arguments: Device.allCases)
  func harmless(device: Device) throws {
    let spec = try SpecTable(file: device.cases.file)
    let model = DeviceModel(device.layout)
    var random = SeededGenerator(seed: 7)
    for (number, register) in spec.registers.enumerated() where register.access != "write" {
      for index in 0..<register.count { model[RegisterKey(number), index] = random.next() }
    }
    // All leaves there.
    if device == .identification {
      for key in [CPUIDModel.largestBasic, CPUIDModel.largestHypervisor, CPUIDModel.largestExtended] {
        model[key] = 0xffff_ffff
      }
    }
    func contents() -> [UInt64] {
      // What selects is written by reading through an index; that is the one change.
      spec.registers.enumerated().filter { $0.element.name != "registerSelect" && $0.element.name != "address" }
        .flatMap { number, register in (0..<register.count).map { model[RegisterKey(number), $0] } }
    }
    let before = contents()
    let page = Self.dump(device, model)
    #expect(model.violations == [])
    #expect(contents() == before)
    #expect(!page.lines.isEmpty || device == .intervalTimer)
  }

  @Test(
    "A dump has a line for each register that can be read at no cost, whatever its value", arguments: Device.allCases)
  func complete(device: Device) throws {
    let spec = try SpecTable(file: device.cases.file)
    let model = DeviceModel(device.layout)
    if device == .identification {
      for key in [CPUIDModel.largestBasic, CPUIDModel.largestHypervisor, CPUIDModel.largestExtended] {
        model[key] = 0xffff_ffff
      }
      model[CPUIDModel.FeaturesECX.hypervisor] = 1
    }
    let lines = Self.dump(device, model).lines
    for register in spec.registers {
      let isQuiet =
        register.access != "write" && register.json["readEffect"] == nil
        && !register.fields.contains { $0.clears == "onRead" }
      let isReached =
        register.json["offset"] != nil || register.json["index"] != nil || ["msr", "cpuid"].contains(spec.kind)
      let expected = !isQuiet || !isReached || register.json["when"] != nil ? 0 : register.count
      let found = lines.filter { $0.hasPrefix("\(register.name) = 0x") || $0.hasPrefix("\(register.name)[") }.count
      if register.json["when"] == nil { #expect(found == expected, "\(register.name)") }
    }
  }

  @Test("Model-specific registers are read only where the caller says that they are")
  func presence() {
    let model = DeviceModel(ModelSpecificModel.layout)
    var page = Page()
    ModelSpecificRegisters(model).dump(into: &page) { $0 == 0x10 || $0 == 0x405 }
    #expect(page.lines == ["timeStampCounter = 0x0000000000000000", page.lines.last ?? ""])
    #expect(page.lines.last?.hasPrefix("bankStatus[1] = 0x0000000000000000") == true)
    #expect(model.accessCount == 2)
  }
}
