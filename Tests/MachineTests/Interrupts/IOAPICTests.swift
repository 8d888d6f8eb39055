import DeviceModels
import Foundations
import Testing

@testable import Machine

/// An I/O APIC against a model that keeps the rules of its registers.
@Suite("IOAPIC")
struct IOAPICTests {
  typealias Model = IOAPICModel

  private static func model() -> DeviceModel {
    let model = DeviceModel(Model.layout)
    model[Model.Version.version] = 0x20
    model[Model.Version.lastEntry] = 23
    return model
  }

  private static func core(_ model: DeviceModel) throws -> IOAPICCore<DeviceModel> {
    guard let core = IOAPICCore(model) else { throw Errno.ENODEV }
    return core
  }

  @Test("Taking one over masks all inputs")
  func masks() throws {
    let model = Self.model()
    for input in 0..<24 { model[Model.redirection, input] = 0x20 }
    let core = try Self.core(model)
    #expect(core.inputCount == 24)
    for input in 0..<24 { #expect(model[Model.redirection, input] == 1 << 16) }
    #expect(model.violations == [])
  }

  @Test("Where nobody answers there is none")
  func absent() {
    let model = Self.model()
    model.isGone = true
    #expect((IOAPICCore(model) == nil) as Bool)
  }

  @Test("A routed input stays masked until it is opened, and has its signal")
  func routes() throws {
    let model = Self.model()
    let core = try Self.core(model)
    try core.route(9, .pci, to: 3, vector: 41)
    #expect(model[Model.redirection, 9] == 3 << 56 | 1 << 16 | 1 << 15 | 1 << 13 | 41)
    core.setMask(9, false)
    #expect(model[Model.redirection, 9] == 3 << 56 | 1 << 15 | 1 << 13 | 41)
    try core.route(9, .isa, to: 0, vector: 239)
    #expect(model[Model.redirection, 9] == 1 << 16 | 239)
  }

  @Test("While an open input is routed anew, no mixture of the two routes is ever open")
  func routesWithoutMixtures() throws {
    let model = Self.model()
    let core = try Self.core(model)
    try core.route(5, .pci, to: 7, vector: 50)
    core.setMask(5, false)
    let (before, after) = (model[Model.redirection, 5], UInt64(60))
    model.beforeAccess = { model in
      let now = model[Model.redirection, 5]
      #expect(now & 1 << 16 != 0 || now == before || now == after)
    }
    try core.route(5, .isa, to: 0, vector: 60)
    core.setMask(5, false)
    #expect(model[Model.redirection, 5] == after)
  }

  @Test("No exception's vector, no NMI, no input that is not there", arguments: [0, 2, 14, 31, 240, 255] as [UInt8])
  func refuses(vector: UInt8) throws {
    let model = Self.model()
    let core = try Self.core(model)
    #expect(throws: Errno.EINVAL) { try core.route(3, .isa, to: 0, vector: vector) }
    #expect(throws: Errno.EINVAL) { try core.route(24, .isa, to: 0, vector: 40) }
    #expect(throws: Errno.EINVAL) { try core.route(-1, .isa, to: 0, vector: 40) }
    #expect(throws: Errno.EINVAL) { try core.route(3, .isa, to: 255, vector: 40) }
    for input in 0..<24 { #expect(model[Model.redirection, input] == 1 << 16) }
  }

  @Test("An input that was never routed cannot be opened")
  func neverOpensUnrouted() throws {
    let model = Self.model()
    let core = try Self.core(model)
    core.setMask(4, false)
    core.setMask(100, false)
    #expect(model[Model.redirection, 4] == 1 << 16)
  }

  @Test("Messages have vectors of devices only")
  func messages() throws {
    for vector in UInt8.min...UInt8.max {
      let message = InterruptMessage(vector: vector, destination: 6)
      #expect((message != nil) == (32...239).contains(vector))
      if let message { #expect(message.address == 0xfee0_6000 && message.data == UInt32(vector)) }
    }
    #expect(InterruptMessage(vector: 50, destination: 255) == nil)
  }
}
