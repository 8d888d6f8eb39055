import Foundations
import Machine

/// What the error code of a page fault says. Source: Intel SDM vol. 3A, 4.7.
struct PageFaultCode: OptionSet {
  let rawValue: UInt64
  static let protection = PageFaultCode(rawValue: 1 << 0)
  static let write = PageFaultCode(rawValue: 1 << 1)
  static let user = PageFaultCode(rawValue: 1 << 2)
  static let reservedBit = PageFaultCode(rawValue: 1 << 3)
  static let instructionFetch = PageFaultCode(rawValue: 1 << 4)
  static let protectionKey = PageFaultCode(rawValue: 1 << 5)
  static let shadowStack = PageFaultCode(rawValue: 1 << 6)

  /// Says in words what was tried and why it failed: `write to a page that is not present, by the kernel`.
  func describe(into sink: inout some TextSink & ~Copyable) {
    if contains(.instructionFetch) {
      sink.write("instruction fetch from ")
    } else if contains(.write) {
      sink.write("write to ")
    } else {
      sink.write("read from ")
    }
    if contains(.reservedBit) {
      sink.write("a page whose table entry has a reserved bit set")
    } else if contains(.protectionKey) {
      sink.write("a page that its protection key forbids")
    } else if contains(.shadowStack) {
      sink.write("a shadow-stack page")
    } else if contains(.protection) {
      sink.write("a present page that forbids it")
    } else {
      sink.write("a page that is not present")
    }
    sink.write(contains(.user) ? ", by user code" : ", by the kernel")
  }
}

/// The error code of a fault that a segment selector caused. Source: Intel SDM vol. 3A, 6.13.
struct SelectorErrorCode {
  let rawValue: UInt64

  /// Says in words which descriptor the code names; nothing for 0, which names none.
  func describe(into sink: inout some TextSink & ~Copyable) {
    guard rawValue != 0 else { return }
    if rawValue & 2 != 0 {
      sink.write("interrupt gate ")
    } else if rawValue & 4 != 0 {
      sink.write("local descriptor ")
    } else {
      sink.write("global descriptor ")
    }
    sink.write(decimal: rawValue >> 3 & 0x1fff)
    if rawValue & 1 != 0 { sink.write(", while delivering an event from outside the program") }
  }
}
