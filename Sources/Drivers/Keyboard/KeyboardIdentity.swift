/// What is at a controller, by which its input devices are made and told apart.
public struct KeyboardIdentity: Equatable, Sendable {
  /// Whether the controller translates scan codes into the first set.
  public let isTranslated: Bool
  /// What the keyboard says that it is.
  let number: UInt16
  /// The mouse; nil for none.
  let mouse: MouseKind?

  /// Whether there is a mouse.
  public var hasMouse: Bool { mouse != nil }
}
