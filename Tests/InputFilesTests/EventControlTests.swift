import Foundations
import Input
import LinuxABI
import Testing
import VFS

@testable import InputFiles
@testable import Machine

@Suite("Requests of event devices", .serialized)
struct EventControlTests {
  private func text(_ file: OpenFile, _ number: UInt32, _ size: Int) throws -> String {
    let count = try file.control(Argument.reading(number, size), Argument.address)
    return String(decoding: try Argument.get(count), as: UTF8.self)
  }

  @Test("Name, path and identity are told, as far as there is room")
  func names() throws {
    try withKeyboard { world, device in
      let file = try world.open(device)
      #expect(try text(file, 6, 256) == "Test keyboard\0")
      #expect(try text(file, 6, 4) == "Test")
      #expect(try text(file, 6, 0) == "")
      #expect(try text(file, 7, 16_383) == "test/input0\0")
      #expect(throws: Errno.ENOENT) { try text(file, 8, 64) }
      #expect(try file.control(0x8008_4502, Argument.address) == 0)
      #expect(try Argument.get(8) == [0x11, 0, 1, 0, 2, 0, 0x41, 0xab])
      #expect(try file.control(0x8004_4501, Argument.address) == 0)
      #expect(try Argument.get(4) == [1, 0, 1, 0])
      for request in [0x8008_4502, 0x8004_4501, Argument.reading(6, 8)] as [UInt32] {
        #expect(throws: Errno.EFAULT) { try file.control(request, ProgramSpace.nowhere) }
      }
    }
  }

  @Test("Sets of codes are told by whole words, as far as there is room")
  func sets() throws {
    try withKeyboard { world, device in
      let file = try world.open(device)
      func set(_ number: UInt32, _ size: Int) throws -> [UInt8] {
        try Argument.set([UInt8](repeating: 0xaa, count: 200))
        let count = try file.control(Argument.reading(number, size), Argument.address)
        #expect(try Argument.get(1, at: UInt64(count)) == [0xaa], "nothing behind the end")
        return try Argument.get(count)
      }
      // EV_SYN, EV_KEY, EV_REL, EV_MSC, EV_LED, EV_REP.
      #expect(try set(0x20, 8) == [0x17, 0, 0x12, 0, 0, 0, 0, 0])
      #expect(try set(0x20, 4) == [0x17, 0, 0x12, 0])
      #expect(try set(0x20, 100).count == 8)
      let keys = try set(0x21, 512)
      #expect(keys.count == 96 && keys[0] == 0xfe && keys[14] == 0x03 && keys[15] == 0)
      #expect(try set(0x22, 8) == [0, 1, 0, 0, 0, 0, 0, 0])
      #expect(try set(0x31, 1) == [3])
      #expect(try set(0x35, 100).count == 16, "effects")
      #expect(try set(0x09, 8) == [1, 0, 0, 0, 0, 0, 0, 0])
      #expect(try set(0x18, 96) == [UInt8](repeating: 0, count: 96))
      for number: UInt32 in [0x34, 0x36, 0x37, 0x3f, 0x28] { #expect(throws: Errno.EINVAL) { try set(number, 8) } }
      #expect(throws: Errno.EFAULT) { try file.control(Argument.reading(0x21, 96), ProgramSpace.nowhere) }
    }
  }

  @Test("The state of keys is told, and events that are older than that are not")
  func state() throws {
    try withKeyboard { world, device in
      let file = try world.open(device)
      device.report(.key(EventCode.KEY_ESC, 1))
      device.synchronize()
      device.report(.turn)
      device.report(.key(EventCode.KEY_1, 1))
      device.synchronize()
      #expect(try file.control(Argument.reading(0x18, 1), Argument.address) == 1)
      #expect(try Argument.get(1) == [0x06])
      #expect(try file.events() == [.report, .turn, .report], "a SYN_REPORT in front may end what was read")
      device.report(.key(EventCode.KEY_ESC, 0))
      device.synchronize()
      #expect(throws: Errno.EFAULT) { try file.control(Argument.reading(0x18, 8), ProgramSpace.nowhere) }
      device.report(.turn)
      device.synchronize()
      #expect(try file.events() == [.report, InputEvent(.EV_SYN, EventCode.SYN_DROPPED, 0), .turn, .report])
      #expect(try file.control(Argument.reading(0x19, 8), Argument.address) == 8)
      #expect(try file.control(Argument.reading(0x1a, 8), Argument.address) == 8)
      #expect(try file.control(Argument.reading(0x1b, 8), Argument.address) == 8)
    }
  }

  @Test("Repetition is told and set")
  func repetition() throws {
    let driver = TestDriver()
    try withKeyboard(driver) { world, device in
      let file = try world.open(device)
      #expect(try file.control(0x8008_4503, Argument.address) == 0)
      #expect(try Argument.get(8) == UInt32(250).bytes + UInt32(33).bytes)
      try Argument.set(UInt32(500).bytes + UInt32(50).bytes)
      #expect(try file.control(0x4008_4503, Argument.address) == 0)
      #expect(device.repetition?.delay == 500 && device.repetition?.period == 50)
      #expect(driver.performed.count == 2)
      try Argument.set([UInt8](repeating: 0xff, count: 8))
      #expect(try file.control(0x4008_4503, Argument.address) == 0)
      #expect(device.repetition?.delay == 500, "negative numbers change nothing")
    }
    try World.run { world in
      let device = try InputDevice(InputDescription(name: "Test plain", identity: InputIdentity(bus: 6)))
      try InputDevices.register(device)
      defer { InputDevices.unregister(device) }
      let file = try world.open(device)
      #expect(throws: Errno.ENOSYS) { try file.control(0x8008_4503, Argument.address) }
      #expect(throws: Errno.ENOSYS) { try file.control(0x4008_4503, Argument.address) }
      #expect(throws: Errno.EINVAL) { try file.control(Argument.reading(0x40, 24), Argument.address) }
      #expect(throws: Errno.EINVAL) { try file.control(Argument.writing(0xc0, 24), Argument.address) }
    }
  }

  @Test("Keys of scan codes are told and changed, in both forms")
  func keymaps() throws {
    try withKeyboard { world, device in
      let file = try world.open(device)
      try Argument.set(UInt32(1).bytes + UInt32(0).bytes)
      #expect(try file.control(0x8008_4504, Argument.address) == 0)
      #expect(try Argument.get(8) == UInt32(1).bytes + UInt32(EventCode.KEY_ESC).bytes)
      try Argument.set(UInt32(1).bytes + UInt32(EventCode.KEY_F1).bytes)
      #expect(try file.control(0x4008_4504, Argument.address) == 0)
      #expect(device.key(ofScanCode: 1) == EventCode.KEY_F1)
      func entry(flags: UInt8, length: UInt8, index: UInt16, key: UInt32, _ code: [UInt8]) -> [UInt8] {
        [flags, length] + index.bytes + key.bytes + code + [UInt8](repeating: 0, count: 32 - code.count)
      }
      try Argument.set(entry(flags: 0, length: 2, index: 9, key: 0, [2, 0]))
      #expect(try file.control(0x8028_4504, Argument.address) == 0)
      #expect(try Argument.get(40) == entry(flags: 0, length: 4, index: 2, key: UInt32(EventCode.KEY_A), [2, 0, 0, 0]))
      try Argument.set(entry(flags: 1, length: 77, index: 2, key: UInt32(EventCode.KEY_B), []))
      #expect(try file.control(0x4028_4504, Argument.address) == 0)
      #expect(device.key(ofScanCode: 2) == EventCode.KEY_B)
      try Argument.set(entry(flags: 0, length: 3, index: 2, key: 1, []))
      #expect(throws: Errno.EINVAL) { try file.control(0x8028_4504, Argument.address) }
      #expect(throws: Errno.EINVAL) { try file.control(0x4028_4504, Argument.address) }
      try Argument.set(entry(flags: 0, length: 4, index: 0, key: 1, [0xff, 0xff, 0xff, 0xff]))
      #expect(throws: Errno.EINVAL) { try file.control(0x8028_4504, Argument.address) }
    }
  }

  @Test("Axes are told and described, also by programs that know less of them")
  func axes() throws {
    try World.run { world in
      let device = try makeKeyboard { $0.capabilities.insert(.EV_ABS, EventCode.ABS_Y) }
      device.setAxis(
        EventCode.ABS_Y, AbsoluteAxis(value: -5, minimum: -9, maximum: 99, fuzz: 1, flat: 2, resolution: 3))
      try InputDevices.register(device)
      defer { InputDevices.unregister(device) }
      let file = try world.open(device)
      #expect(try file.control(Argument.reading(0x41, 24), Argument.address) == 0)
      let whole = ([-5, -9, 99, 1, 2, 3] as [Int32]).flatMap(\.bytes)
      #expect(try Argument.get(24) == whole)
      try Argument.set([UInt8](repeating: 0xaa, count: 64))
      #expect(try file.control(Argument.reading(0x41, 5), Argument.address) == 0)
      #expect(try Argument.get(6) == Array(whole[..<5]) + [0xaa])
      #expect(try file.control(Argument.reading(0x41, 64), Argument.address) == 0)
      #expect(try Argument.get(25) == whole + [0xaa])
      try Argument.set(([1, 2, 3, 4, 5, 6] as [Int32]).flatMap(\.bytes))
      #expect(try file.control(Argument.writing(0xc1, 20), Argument.address) == 0)
      #expect(device.axis(1) == AbsoluteAxis(value: 1, minimum: 2, maximum: 3, fuzz: 4, flat: 5, resolution: 0))
      #expect(throws: Errno.EINVAL) { try file.control(Argument.writing(0xef, 24), Argument.address) }
      #expect(throws: Errno.EFAULT) { try file.control(Argument.writing(0xc1, 24), ProgramSpace.nowhere) }
      #expect(throws: Errno.EFAULT) { try file.control(Argument.reading(0x41, 24), ProgramSpace.nowhere) }
    }
  }

  @Test("Effects are no part of these devices, and other requests are none")
  func others() throws {
    try withKeyboard { world, device in
      let file = try world.open(device)
      #expect(throws: Errno.ENOSYS) { try file.control(0x4030_4580, Argument.address) }
      #expect(throws: Errno.EFAULT) { try file.control(0x4030_4580, ProgramSpace.nowhere) }
      #expect(throws: Errno.EFAULT) { try file.control(0x4004_4580, Argument.address) }
      #expect(throws: Errno.ENOSYS) { try file.control(0x4004_4581, 1) }
      try Argument.set([1, 1, 1, 1])
      #expect(try file.control(0x8004_4584, Argument.address) == 0)
      #expect(try Argument.get(4) == [0, 0, 0, 0])
      // TCGETS, another family, no direction, and EVIOCGMTSLOTS of a device without fingers.
      for request: UInt32 in [0x5401, 0x8008_4602, 0x4506, 0xc008_4506, Argument.reading(0x0a, 8), 0, .max] {
        #expect(throws: Errno.EINVAL) { try file.control(request, Argument.address) }
      }
    }
  }

  @Test("No request with any argument traps")
  func random() throws {
    try withKeyboard(TestDriver()) { world, device in
      var state: UInt64 = 3
      func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state >> 16
      }
      let addresses = [
        0, 1, 4095, Argument.address, Argument.address + 65_530, ProgramSpace.nowhere, .max, .max - 7, 1 << 63,
      ]
      for _ in 0..<20_000 {
        let file = try world.open(device)
        let request =
          UInt32(truncatingIfNeeded: next() & 0xff) | 0x4500 | UInt32(truncatingIfNeeded: next() & 0x3fff) << 16
          | UInt32(truncatingIfNeeded: next() & 3) << 30
        try Argument.set((0..<48).map { _ in UInt8(truncatingIfNeeded: next()) })
        _ = try? file.control(request, addresses[Int(next() % UInt64(addresses.count))])
        let known: [UInt32] = [0x8010_4592, 0x4010_4593, 0x8028_4504, 0x4028_4504, 0x4004_45a0]
        _ = try? file.control(known[Int(next() % 5)], Argument.address)
        if next() % 3 == 0 {
          _ = try? file.writeBytes((0..<96).map { _ in UInt8(truncatingIfNeeded: next()) })
          device.synchronize()
        }
      }
    }
  }
}

@Suite("Texts of input devices", .serialized)
struct InputAttributeTests {
  private func text(_ attribute: InputAttribute, _ device: InputDevice) -> String {
    var sink = ByteSink()
    attribute.write(device, to: &sink)
    return String(decoding: sink.bytes, as: UTF8.self)
  }

  @Test("Each is written as Linux writes it")
  func attributes() throws {
    let device = try makeKeyboard()
    #expect(text(.name, device) == "Test keyboard\n")
    #expect(text(.phys, device) == "test/input0\n")
    #expect(text(.uniq, device) == "\n")
    #expect(text(.properties, device) == "1\n")
    #expect(text(.bustype, device) == "0011\n" && text(.version, device) == "ab41\n")
    #expect(text(.ev, device) == "120017\n")
    #expect(text(.key, device) == "3ffffffffffff fffffffffffffffe\n")
    #expect(text(.led, device) == "3\n" && text(.abs, device) == "0\n")
    #expect(text(.modalias, device) == "input:b0011v0001p0002eAB41-e0,1,2,4,11,14,k71,r8,am4,l0,1,sfw\n")
    var sink = ByteSink()
    InputFacts.write(device, to: &sink)
    #expect(
      String(decoding: sink.bytes, as: UTF8.self) == """
        PRODUCT=11/1/2/ab41
        NAME="Test keyboard"
        PHYS="test/input0"
        PROP=1
        EV=120017
        KEY=3ffffffffffff fffffffffffffffe
        REL=100
        MSC=10
        LED=3
        MODALIAS=input:b0011v0001p0002eAB41-e0,1,2,4,11,14,k71,r8,am4,l0,1,sfw

        """)
    for attribute in InputAttribute.allCases { #expect(text(attribute, device).hasSuffix("\n")) }
  }
}

struct ByteSink: TextSink {
  var bytes: [UInt8] = []
  mutating func write(_ new: Span<UInt8>) { for index in new.indices { bytes.append(new[index]) } }
}
