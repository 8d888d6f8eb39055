public import Foundations

/// The bytes of a span.
public func array(_ bytes: Span<UInt8>) -> [UInt8] { bytes.indices.map { bytes[$0] } }

/// The bytes of a span as text.
public func text(_ bytes: Span<UInt8>) -> String { String(decoding: array(bytes), as: UTF8.self) }

/// A message as text.
public func text(_ message: Message) -> String { text(message.bytes) }
