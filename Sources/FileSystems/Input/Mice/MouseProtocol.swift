import Foundations

/// A PS/2 mouse as one who has a mouse device open sees it: what it answers and sends.
///
/// Sources: IBM Personal System/2 Hardware Interface Technical Reference, May 1988, mouse; Linux, drivers/input/mousedev.c,
/// for how the kinds with a wheel are chosen.
struct MouseProtocol: ~Copyable {
  /// Which mouse it is.
  enum Kind: UInt8 {
    case standard = 0
    /// With a wheel: ImPS/2.
    case wheel = 3
    /// With a wheel and five buttons: ExplorerPS/2.
    case explorer = 4
  }

  private struct Packet {
    var right: Int32 = 0
    var up: Int32 = 0
    var wheel: Int32 = 0
    var buttons: UInt8 = 0
    var isStill: Bool { right == 0 && up == 0 && wheel == 0 }
  }

  private static var packetLimit: Int { 16 }

  private(set) var kind = Kind.standard
  private var wheelKnock = Knock(third: 0x64)
  private var explorerKnock = Knock(third: 0xc8)

  /// Packets with different buttons, from `tail` to `head`; `head` is the one that grows.
  private var packets = InlineArray<16, Packet>(repeating: Packet())
  private var head = 0
  private var tail = 0
  /// Whether the packet at `tail` says something new.
  private var isReady = false
  private var lastButtons: UInt8 = 0
  private var x = MouseScreen.width / 2
  private var y = MouseScreen.height / 2

  /// Bytes that are being read: an answer, or a packet.
  private var bytes = InlineArray<6, UInt8>(repeating: 0)
  private var count = 0
  private var unread = 0

  /// Whether there is something to read.
  var hasInput: Bool { isReady || unread > 0 }

  // MARK: What the mouse does

  /// Takes what a mouse did.
  mutating func take(_ motion: MouseMotion, buttons: UInt8) {
    if isReady && packets[head].buttons != buttons {
      let next = (head + 1) % Self.packetLimit
      if next != tail {
        head = next
        packets[head] = Packet()
      }
    }
    if let position = motion.position {
      packets[head].right = packets[head].right.adding(position.x - x)
      packets[head].up = packets[head].up.adding(position.y - y)
      (x, y) = position
    }
    packets[head].right = packets[head].right.adding(motion.right)
    packets[head].up = packets[head].up.adding(motion.up)
    packets[head].wheel = packets[head].wheel.adding(motion.wheel)
    packets[head].buttons = buttons
    if !packets[head].isStill || buttons != lastButtons { isReady = true }
  }

  // MARK: What the program does

  /// Gives the next byte; nil when there is none, or after the end of an answer or a packet that was begun.
  mutating func read(isFirst: Bool) -> UInt8? {
    if unread == 0 {
      guard isFirst, isReady else { return nil }
      count = fillPacket(at: 0)
      unread = count
    }
    let byte = bytes[count - unread]
    unread -= 1
    return byte
  }

  /// Takes a byte that the program sends to the mouse.
  mutating func write(_ byte: UInt8) {
    if explorerKnock.take(byte) { kind = .explorer }
    if wheelKnock.take(byte) { kind = .wheel }
    // Acknowledged.
    bytes[0] = 0xfa
    count = 1
    switch byte {
    // Poll.
    case 0xeb: count = 1 + fillPacket(at: 1)
    // Which mouse it is.
    case 0xf2: answer(kind.rawValue)
    // State, resolution and rate.
    case 0xe9: answer(0x60, 3, 200)
    // Reset.
    case 0xff:
      kind = .standard
      (wheelKnock, explorerKnock) = (Knock(third: 0x64), Knock(third: 0xc8))
      answer(0xaa, 0x00)
    default: break
    }
    unread = count
  }

  private mutating func answer(_ answers: UInt8...) {
    for answer in answers {
      bytes[count] = answer
      count += 1
    }
  }

  /// Makes the next packet's bytes from number `start` on.
  ///
  /// - Returns: how many there are.
  private mutating func fillPacket(at start: Int) -> Int {
    var packet = packets[tail]
    let (right, up) = (Self.limit(packet.right, 127), Self.limit(packet.up, 127))
    var first: UInt8 = 0x08 | packet.buttons & 0x07
    if packet.right < 0 { first |= 0x10 }
    if packet.up < 0 { first |= 0x20 }
    packet.right -= right
    packet.up -= up
    var length = 4
    switch kind {
    case .explorer:
      let wheel = Self.limit(packet.wheel, 7)
      packet.wheel -= wheel
      bytes[start + 3] = UInt8(truncatingIfNeeded: wheel) & 0x0f | (packet.buttons & 0x18) << 1
    case .wheel:
      let wheel = Self.limit(packet.wheel, 127)
      packet.wheel -= wheel
      bytes[start + 3] = UInt8(truncatingIfNeeded: wheel)
      first |= Self.folded(packet.buttons)
    case .standard:
      packet.wheel = 0
      first |= Self.folded(packet.buttons)
      length = 3
    }
    bytes[start] = first
    bytes[start + 1] = UInt8(truncatingIfNeeded: right)
    bytes[start + 2] = UInt8(truncatingIfNeeded: up)
    packets[tail] = packet
    guard packet.isStill else { return length }
    if tail == head {
      (isReady, lastButtons) = (false, packet.buttons)
    } else {
      tail = (tail + 1) % Self.packetLimit
    }
    return length
  }

  private static func limit(_ value: Int32, _ limit: Int32) -> Int32 { min(max(value, -limit), limit) }

  /// The fourth and fifth button as the third and second, for a mouse that has no more.
  private static func folded(_ buttons: UInt8) -> UInt8 { (buttons & 0x10) >> 3 | (buttons & 0x08) >> 1 }
}

/// Three rates set one after the other, by which programs ask for another kind of mouse.
private struct Knock {
  let third: UInt8
  private var count = 0

  init(third: UInt8) { self.third = third }

  /// - Returns: whether `byte` is the last of it.
  mutating func take(_ byte: UInt8) -> Bool {
    let expected: UInt8
    switch count {
    case 0, 2, 4: expected = 0xf3
    case 1: expected = 0xc8
    case 3: expected = third
    default: expected = 0x50
    }
    guard byte == expected else {
      count = 0
      return false
    }
    count += 1
    guard count == 6 else { return false }
    count = 0
    return true
  }
}
